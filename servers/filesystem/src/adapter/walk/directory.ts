import type { PathLike, Stats } from 'node:fs';

import type { Name } from '../../guard/index.ts';

/**
 * A directory that is held, not named. Whatever happens to the path that led here, operations on it
 * reach this directory and no other.
 *
 * Everything is synchronous on purpose: between `at()` and the system call that uses it, no other
 * code of this thread can run.
 */
export interface Directory {
  /** The names that led here from the root. */
  readonly names: readonly Name[];
  /** Device and inode: the same directory has the same identity. */
  readonly identity: string;
  /** A path to an entry, good for the very next system call only. */
  at(name: Name): PathLike;
  /** A path to this directory itself, good for the very next system call only. */
  here(): PathLike;
  /** Opens an entry without following it, and says what it is. */
  look(name: Name): Found;
  /** Opens an entry that a listing called a regular file, in one step. */
  openFile(name: Name): Found;
  close(): void;
}

/** What stands under a name. Files are open, so what was seen is what is read. */
export type Found =
  | { readonly kind: 'directory'; readonly directory: Directory }
  | { readonly kind: 'file'; readonly descriptor: number; readonly stats: Stats }
  | { readonly kind: 'link'; readonly target: Name }
  | { readonly kind: 'special' }
  | { readonly kind: 'missing'; readonly reason: string };

/**
 * A file that is open. A sparse one can be larger than a number is exact, and no place in it and no
 * answer may be: its size ends where the numbers do.
 */
export function fileFound(descriptor: number, stats: Stats): Extract<Found, { kind: 'file' }> {
  stats.size = Math.min(stats.size, Number.MAX_SAFE_INTEGER);
  return { kind: 'file', descriptor, stats };
}

/** The system errors that mean "not there, or not for you". Anything else is a fault. */
const MISSING = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'EINVAL',
  'ESTALE',
]);

/** Turns an expected system error into a finding; throws the others on. */
export function missing(error: unknown): Extract<Found, { kind: 'missing' }> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!MISSING.has(code)) throw error;
  return { kind: 'missing', reason: code };
}
