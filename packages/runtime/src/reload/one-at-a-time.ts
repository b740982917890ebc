/**
 * Runs an action never twice at the same time. Whoever asks while it runs gets a run that starts
 * after it, and shares it with all who ask until then.
 */
export function oneAtATime(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = async (): Promise<void> => {
    try {
      await action();
    } finally {
      running = undefined;
    }
  };
  const startAfter = async (before: Promise<void>): Promise<void> => {
    await Promise.allSettled([before]);
    next = undefined;
    return run();
  };
  const run = (): Promise<void> => {
    if (running === undefined) return (running = start());
    return (next ??= startAfter(running));
  };
  return run;
}
