/** The oldest Node that servers run on, as `engines` in each package says. */
const OLDEST = [22, 22, 2] as const;

/**
 * Says why a version of Node is too old, or nothing. npx only warns, and a server that fails in the
 * middle of its first call says less than this line.
 */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [oldMajor, oldMinor, oldPatch] = OLDEST;
  const distance = major - oldMajor || minor - oldMinor || patch - oldPatch;
  return distance >= 0 ? undefined : `needs Node ${OLDEST.join('.')} or newer, this is ${version}`;
}
