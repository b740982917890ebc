import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';

import type { FileFacts } from '../results.ts';

/** What every answer says of a file. */
export function factsOf(stats: Stats): FileFacts {
  const { dev, ino, size, mtimeMs, ctimeMs } = stats;
  // Hashed, because an inode number tells something of the host.
  const etag = hash(
    'sha256',
    `${String(dev)}.${String(ino)}.${String(size)}.${String(mtimeMs)}.${String(ctimeMs)}`,
    'base64url',
  );
  return { size, mtime: isoTime(mtimeMs), etag: etag.slice(0, 16) };
}

/** The latest and, negated, the earliest time that a Date can hold, in milliseconds. A disk can hold others. */
const DATE_MAX = 8.64e15;

/** A time of a file, ISO 8601. */
export function isoTime(milliseconds: number): string {
  return new Date(Math.max(-DATE_MAX, Math.min(DATE_MAX, milliseconds))).toISOString();
}
