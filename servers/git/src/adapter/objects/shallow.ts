import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Cache, Profile } from '../handle.ts';

/**
 * Commits whose parents git does not look at: where a shallow clone ends. They name parents all the
 * same, which are missing.
 *
 * The file is our own checked copy in our own directory, so looking at it holds nobody; it is read anew
 * when it changed, because a clone can be deepened at any time.
 */
export function shallowOf({ gitDir }: Profile, cache: Cache): ReadonlySet<string> {
  const file = join(gitDir, 'shallow');
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return NONE;
  const key = `shallow ${stats.ino} ${stats.size} ${stats.mtimeMs}`;
  const remembered = cache.get<ReadonlySet<string>>(key);
  if (remembered !== undefined) return remembered;
  const lines = new Set(readFileSync(file, 'latin1').split('\n'));
  cache.set(key, lines, 2 * stats.size);
  return lines;
}

const NONE: ReadonlySet<string> = new Set();
