import { closeSync } from 'node:fs';

import type { Name } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Directory } from '../walk/directory.ts';
import { mayBeRead, type WalkRules } from '../walk/walk.ts';
import { readBytes } from './chunks.ts';

/**
 * Reads the beginning of an ignore file. A link, a device, or a file that may not be read hides nothing:
 * what an ignore file hides tells its lines.
 */
export function readIgnoreFile(
  directory: Directory,
  name: Name,
  { deny, hardLinks }: WalkRules,
): string | undefined {
  if (deny.denies(directory.names, name)) return undefined;
  // Nothing has been said of the name yet, and opening a pipe would already act on it.
  const found = directory.look(name);
  if (found.kind === 'directory') found.directory.close();
  if (found.kind !== 'file') return undefined;
  try {
    if (!mayBeRead(found.stats, hardLinks)) return undefined;
    const length = Math.min(found.stats.size, LIMITS.ignoreFileBytesMax);
    return readBytes(found.descriptor, 0, length).toString(
      process.platform === 'win32' ? 'utf8' : 'latin1',
    );
  } finally {
    closeSync(found.descriptor);
  }
}
