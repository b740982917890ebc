import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Profile } from '../handle.ts';

/**
 * Commits whose parents git does not look at: where a shallow clone ends. They name parents all the
 * same, which are missing. The file is our own checked copy.
 */
export async function shallowOf({ gitDir }: Profile): Promise<ReadonlySet<string>> {
  try {
    const text = await readFile(join(gitDir, 'shallow'), 'latin1');
    return new Set(text.split('\n').filter((line) => line !== ''));
  } catch {
    return NONE;
  }
}

const NONE: ReadonlySet<string> = new Set();
