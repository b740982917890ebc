import { Refusal } from '@secure-mcp/validation';

import { type Oid, parseOid, parseRevision, word } from '../../guard/index.ts';
import type { Handle } from '../handle.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/**
 * HEAD's commit, or undefined before the first one. Refuses `object.missing` where the commit is not to be
 * had, and `repository.broken` where the branch says nothing that git can read.
 */
export async function commitOfHead(handle: Handle): Promise<Oid | undefined> {
  const { objects } = handle;
  try {
    return await objects.commitOf(parseRevision('HEAD'));
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'revision.unknown')) throw error;
  }
  // That is git's word for an object that cannot be had as well. "No commit yet" would be a lie then.
  const named = await idOfHead(handle);
  if (named !== undefined) return (await objects.commit(named)).oid;
  await handle.git(BRANCH_OF_HEAD, () => undefined);
  return undefined;
}

/** What HEAD says, whether there is such an object or not. */
async function idOfHead(handle: Handle): Promise<Oid | undefined> {
  let named: Oid | undefined;
  await readFields(handle, ID_OF_HEAD, (line) => {
    named = parseOid(line);
  });
  return named;
}

const ID_OF_HEAD = {
  args: [word('rev-parse'), word('--verify'), word('--quiet'), word('HEAD')],
  separator: LINE_FEED,
  exitCodes: [0, 1],
};

/** git names a branch that is still to come, and fails over one that it cannot read. */
const BRANCH_OF_HEAD = { args: [word('symbolic-ref'), word('HEAD')] };
