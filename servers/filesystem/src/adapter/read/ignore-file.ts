import { closeSync } from 'node:fs';

import type { Name } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Directory } from '../walk/directory.ts';
import { readBytes } from './chunks.ts';

/** Reads the beginning of an ignore file. A link, a device or an unreadable file hides nothing. */
export function readIgnoreFile(directory: Directory, name: Name): string | undefined {
  const found = directory.openFile(name);
  if (found.kind === 'directory') found.directory.close();
  if (found.kind !== 'file') return undefined;
  try {
    const length = Math.min(found.stats.size, LIMITS.ignoreFileBytesMax);
    return readBytes(found.descriptor, 0, length).toString(
      process.platform === 'win32' ? 'utf8' : 'latin1',
    );
  } finally {
    closeSync(found.descriptor);
  }
}
