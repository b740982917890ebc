import { lstatSync } from 'node:fs';

import type { Name } from '../../guard/index.ts';
import type { FileType } from '../job.ts';
import type { Skipped } from '../results.ts';
import type { Directory } from '../walk/directory.ts';
import { isoTime } from './facts.ts';

export interface Details {
  readonly size?: number;
  readonly mtime?: string;
}

/** Size and time of an entry itself. A link's size would tell the length of its target, so it has none. */
export function detailsOf(
  directory: Directory,
  name: Name,
  type: FileType,
  skipped: Skipped,
): Details {
  try {
    const { size, mtimeMs } = lstatSync(directory.at(name));
    const mtime = isoTime(mtimeMs);
    // As for a file that is open: a larger one could not be told, and would take its directory with it.
    return type === 'file' ? { size: Math.min(size, Number.MAX_SAFE_INTEGER), mtime } : { mtime };
  } catch {
    // Gone since it was listed.
    skipped.unreadable += 1;
    return {};
  }
}
