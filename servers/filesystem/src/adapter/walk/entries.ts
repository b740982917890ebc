import { type Dir, type Dirent, opendirSync } from 'node:fs';

import { type Name, nameFromDisk } from '../../guard/index.ts';
import type { FileType } from '../job.ts';
import type { Skipped } from '../results.ts';
import type { Directory } from './directory.ts';

/** One entry as the directory names it. */
export interface Listed {
  readonly name: Name;
  readonly type: FileType;
}

export interface Entries {
  readonly entries: Listed[];
  /** True when the directory holds more than were asked for. */
  readonly more: boolean;
}

/** On POSIX a name is bytes; latin1 carries each of them unchanged. */
const NAME_ENCODING = process.platform === 'win32' ? 'utf8' : 'latin1';

/** Entries that are fetched at once. More costs time for each small directory, fewer for each large one. */
const BATCH = 128;

/** Reads up to a number of entries behind a position, in the directory's own order. */
export function readEntries(
  directory: Directory,
  max: number,
  skipped: Skipped,
  from = 0,
): Entries {
  const entries: Listed[] = [];
  const stream = openStream(directory, skipped);
  try {
    for (let position = 0; ; position += 1) {
      const entry = stream?.readSync() ?? null;
      if (entry === null) return { entries, more: false };
      if (position < from) continue;
      if (entries.length === max) return { entries, more: true };
      entries.push({ name: nameFromDisk(entry.name), type: typeOf(entry) });
    }
  } finally {
    stream?.closeSync();
  }
}

function openStream(directory: Directory, skipped: Skipped): Dir | undefined {
  try {
    return opendirSync(directory.here(), { encoding: NAME_ENCODING, bufferSize: BATCH });
  } catch {
    // Searchable but not readable, or gone: its entries cannot be told.
    skipped.unreadable += 1;
    return undefined;
  }
}

function typeOf(entry: Dirent): FileType {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}
