import type { Commit, Repository } from '../adapter/index.ts';
import { type Oid, refuse, type TreePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import { changesFacts } from './changes.ts';
import { commitFacts, wholeCommitFacts } from './commits.ts';
import type { Context } from './context.ts';
import { readWindow } from './files.ts';
import { pathsOf, type Peeled } from './revisions.ts';
import { entryFacts } from './trees.ts';

/** What an answer shows of one object, by its kind. */

/** Lines around a change, as git itself shows them. git_diff takes another number. */
const CONTEXT = 3;

export interface How {
  readonly detail: 'meta' | 'files' | 'patch';
  /** Which parent of a merge, from 1. */
  readonly parent?: number | undefined;
  readonly paths?: readonly TreePath[] | undefined;
  readonly skip: number;
  readonly limit: number;
  readonly bytes: number;
}

interface Asked extends Omit<Peeled, 'tags'> {
  readonly repository: Repository;
}

/** Shows a page of an object; `next` is where the page after it begins. */
export async function showObject({ repository, oid, kind }: Asked, how: How, context: Context) {
  switch (kind) {
    case 'commit':
      return showCommit(repository, oid, how, context);
    case 'tree':
      return showTree(repository, oid, how);
    case 'blob':
      return showBlob(repository, oid, how, context);
  }
}

export async function showCommit(repository: Repository, oid: Oid, how: How, context: Context) {
  const commit = await repository.commit(oid);
  // A later page goes on with the files; the message stood in the first one.
  const told =
    how.skip > 0 ? commitFacts(commit) : wholeCommitFacts(commit, LIMITS.textBytesDefault);
  if (how.detail === 'meta') return { commit: told, truncated: false, next: undefined };
  const base = parentOf(commit, how.parent);
  return { commit: told, ...(await showChanges(repository, { base, head: oid }, how, context)) };
}

/** Shows what is between two commits; without a base, all of the head. */
export async function showChanges(
  repository: Repository,
  { base, head }: { readonly base: Oid | undefined; readonly head: Oid },
  { detail, paths, skip, limit, bytes }: How,
  context: Context,
) {
  const changes = await repository.diff({
    what: { mode: 'objects', base, head },
    paths: pathsOf(paths),
    context: CONTEXT,
    ignoreWhitespace: false,
    patch: detail === 'patch',
    patchBytes: bytes,
    skip,
    limit,
  });
  const { truncated, next } = changes;
  return { ...changesFacts(changes, context), truncated, next };
}

/** What a commit is compared with; undefined is the empty tree. Where a shallow clone ends, there is no parent. */
function parentOf({ parents }: Commit, number = 1): Oid | undefined {
  const parent = parents[number - 1];
  return parent !== undefined || number === 1
    ? parent
    : refuse('revision.unknown', { hint: NO_SUCH_PARENT });
}

const NO_SUCH_PARENT = 'The commit has fewer parents.';

async function showTree(repository: Repository, oid: Oid, { skip, limit }: How) {
  const { entries, truncated, next } = await repository.tree(oid, { depth: 1, skip, limit });
  return { entries: entries.map((entry) => entryFacts(entry)), truncated, next };
}

async function showBlob(repository: Repository, oid: Oid, { skip, bytes }: How, context: Context) {
  const window = { startLine: skip + 1, lines: LIMITS.fileLinesDefault, bytes };
  const { facts, text } = await readWindow(repository, oid, window, context);
  const next = facts.next_line === undefined ? undefined : facts.next_line - 1;
  const truncated = next !== undefined || facts.line_cut === true;
  return { file: facts, ...(text !== undefined && { text }), truncated, next };
}
