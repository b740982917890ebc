import { join } from 'node:path';

import type { Operation } from '../results.ts';
import { lstatOrNothing } from './stamp.ts';

/** By what git itself knows that an operation is under way; the first that is there counts. */
const SIGNS: readonly (readonly [file: string, operation: Operation])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply/applying', 'am'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
];

/** What somebody is in the middle of. Only names are asked for; nothing is read. */
export function operationIn(gitDir: string): Operation | undefined {
  return SIGNS.find(([file]) => lstatOrNothing(join(gitDir, file)) !== undefined)?.[1];
}
