/**
 * The words of a path, judged without looking at a disk. These functions decide nothing about where
 * a path leads: only an open descriptor can (docs/patterns/c03-paths-confined.md).
 */

/** The longest name that a common file system stores, in units of the platform (NAME_MAX). */
export const NAME_BYTES_MAX = 255;
/** The longest path that the kernel takes in one piece, in bytes (PATH_MAX). */
export const PATH_CHARACTERS_MAX = 4096;
/** More steps than any source tree has; fewer than a walk must fear. */
export const PATH_STEPS_MAX = 256;

/** Why one step of a path is refused. */
export type StepProblem =
  'separator' | 'nul' | 'too long' | 'reserved' | 'trailing dot or space' | 'stream' | 'short name';

/**
 * Finds what makes a step unfit as a name on one platform. A step has one character for each unit that
 * the platform counts: a byte on POSIX (a binary string), a UTF-16 unit on Windows.
 *
 * Windows reads more into a name than its letters: `f.txt:stream` opens another stream, `CON` a
 * device, `PROGRA~1` another file, and a trailing dot or space is dropped after the check (CWE-41).
 */
export function stepProblem(step: string, platform: NodeJS.Platform): StepProblem | undefined {
  if (step.includes('\0')) return 'nul';
  if (step.includes('/')) return 'separator';
  if (step.length > NAME_BYTES_MAX) return 'too long';
  return platform === 'win32' ? windowsProblem(step) : undefined;
}

const RESERVED_ON_WINDOWS =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

function windowsProblem(step: string): StepProblem | undefined {
  if (step === '.' || step === '..') return undefined;
  if (step.includes('\\')) return 'separator';
  if (step.includes(':')) return 'stream';
  if (/[. ]$/.test(step)) return 'trailing dot or space';
  if (/~\d/.test(step)) return 'short name';
  return RESERVED_ON_WINDOWS.test(step) ? 'reserved' : undefined;
}
