import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { ABSENT, lookAt, type Stamp, stampOf, UNSETTLED } from './stamp.ts';

export type PlainProblem = 'link' | 'special' | 'too large' | 'unreadable';

export type PlainFile =
  | { readonly kind: 'absent'; readonly stamp: Stamp }
  | { readonly kind: 'file'; readonly stamp: Stamp; readonly bytes: Buffer }
  | { readonly kind: 'problem'; readonly stamp: Stamp; readonly problem: PlainProblem };

export type PlainOpened =
  | Exclude<PlainFile, { readonly kind: 'file' }>
  | { readonly kind: 'file'; readonly stamp: Stamp; readonly size: number; readonly fd: number };

/** Zero where the platform has none of them (Windows): `lstat` and the comparison of inodes remain. */
const OPEN_PLAIN = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file beneath a directory that was checked, if it is a plain one and every directory on the
 * way is one. The caller closes `fd`.
 *
 * A link would lead out of the repository, a named pipe would wait for ever for a writer, and opening
 * a device can do anything. The kind is asked before opening, held while opening (O_NOFOLLOW,
 * O_NONBLOCK), and asked of what was opened.
 */
export function openPlain(base: string, steps: readonly string[], bytesMax: number): PlainOpened {
  let path = base;
  for (const step of steps.slice(0, -1)) {
    path = join(path, step);
    const stats = lookAt(path);
    if (typeof stats === 'string') return nothingAt(stats);
    if (!stats.isDirectory())
      return problem(stats.isSymbolicLink() ? 'link' : 'special', stampOf(stats));
  }
  return openAt(join(path, steps.at(-1) ?? ''), bytesMax);
}

/** Reads such a file as a whole. */
export function readPlain(base: string, steps: readonly string[], bytesMax: number): PlainFile {
  const opened = openPlain(base, steps, bytesMax);
  if (opened.kind !== 'file') return opened;
  try {
    const bytes = readAll(opened.fd, opened.size, bytesMax);
    if (bytes === undefined) return problem('too large', UNSETTLED);
    return { kind: 'file', stamp: opened.stamp, bytes };
  } catch {
    return problem('unreadable', UNSETTLED);
  } finally {
    closeSync(opened.fd);
  }
}

function openAt(path: string, bytesMax: number): PlainOpened {
  const before = lookAt(path);
  if (typeof before === 'string') return nothingAt(before);
  const stamp = stampOf(before);
  if (before.isSymbolicLink()) return problem('link', stamp);
  if (!before.isFile()) return problem('special', stamp);
  if (before.size > bytesMax) return problem('too large', stamp);
  let fd: number;
  try {
    fd = openSync(path, OPEN_PLAIN);
  } catch {
    return problem('unreadable', UNSETTLED);
  }
  const stats = fstatSync(fd, { bigint: true });
  if (stats.isFile() && stats.ino === before.ino && stats.dev === before.dev) {
    return { kind: 'file', stamp: stampOf(stats), size: Number(stats.size), fd };
  }
  closeSync(fd);
  return problem('special', UNSETTLED);
}

/** A directory that is closed to us may hold it: what it says must not count as never said. */
function nothingAt(found: 'absent' | 'unreadable'): Exclude<PlainFile, { readonly kind: 'file' }> {
  return found === 'absent' ? { kind: 'absent', stamp: ABSENT } : problem('unreadable', UNSETTLED);
}

/** One byte more than the file had is asked for, so that one that grows meanwhile is noticed. */
function readAll(fd: number, size: number, bytesMax: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(Math.min(size, bytesMax) + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(fd, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
  }
  return undefined;
}

function problem(what: PlainProblem, stamp: Stamp): PlainFile & { readonly kind: 'problem' } {
  return { kind: 'problem', stamp, problem: what };
}
