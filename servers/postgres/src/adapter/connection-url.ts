import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** Longer than any connection URL; shorter than a mistake. */
const BYTES_MAX = 8192;

/**
 * Reads the connection URL from its file, without the end of its line. `undefined` for what is no such
 * file: the reason could name what lies there.
 */
export function readConnectionUrl(path: string): string | undefined {
  try {
    // A pipe without a writer would hold the start for ever.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.size > BYTES_MAX) return undefined;
      return readFileSync(descriptor, 'utf8').replace(/\r?\n$/, '');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}
