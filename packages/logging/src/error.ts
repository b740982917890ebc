import { basename } from 'node:path';

/** An error without what it may give away. */
export interface DescribedError {
  readonly name: string;
  readonly code?: string;
  readonly syscall?: string;
  /** Where it was thrown: a file's name and a position, never a directory. */
  readonly at?: string;
}

/**
 * Describes an error for the log without its message and stack.
 *
 * A message such as `ENOENT: no such file, open '/home/ada/…'` names paths of the host, and drivers
 * put queries and values into theirs (CWE-532). Name, code and place are enough to find the cause.
 */
export function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error };
  const at = placeOf(error);
  return {
    name: error.name,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...('syscall' in error && typeof error.syscall === 'string' && { syscall: error.syscall }),
    ...(at !== undefined && { at }),
  };
}

function placeOf(error: Error): string | undefined {
  const frame = /\(?((?:file:\/\/)?[^\s()]+):(\d+):(\d+)\)?$/m.exec(error.stack ?? '');
  if (frame?.[1] === undefined) return undefined;
  return `${basename(frame[1])}:${String(frame[2])}:${String(frame[3])}`;
}
