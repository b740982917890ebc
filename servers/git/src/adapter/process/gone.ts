/** How long killed processes may take to be gone, in milliseconds; only a system call can hold them. */
const GONE_AFTER_MS = 1000;

/** False when what was killed is not gone in time: nobody waits for a process that cannot die. */
export async function isGoneInTime(gone: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<'late'>();
  const clock = setTimeout(late.resolve, GONE_AFTER_MS, 'late');
  try {
    return (await Promise.race([gone, late.promise])) !== 'late';
  } finally {
    clearTimeout(clock);
  }
}
