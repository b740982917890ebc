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
  return { size, mtime: new Date(mtimeMs).toISOString(), etag: etag.slice(0, 16) };
}
