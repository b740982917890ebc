import type { EntryKind, Repository, Tag } from '../adapter/index.ts';
import {
  type Cursor,
  type Oid,
  refuse,
  type Revision,
  TOP,
  type TreePath,
} from '../guard/index.ts';
import { LIMITS } from '../policy.ts';

/** Where a reading starts. */

/** The commit that was asked for, or HEAD's; undefined before the first commit. */
export async function startOf(
  repository: Repository,
  revision: Revision | undefined,
): Promise<Oid | undefined> {
  return revision === undefined ? repository.head() : repository.commitOf(revision);
}

/** The same where there has to be one. */
export async function tipOf(repository: Repository, revision: Revision | undefined): Promise<Oid> {
  return (await startOf(repository, revision)) ?? refuse('revision.unknown', { hint: NO_COMMIT });
}

const NO_COMMIT = 'The repository has no commit yet.';

/** Where two histories part, which is what three dots compare with. Refuses `history.unrelated`. */
export async function mergeBaseOf(repository: Repository, base: Oid, head: Oid): Promise<Oid> {
  const [nearest] = await repository.mergeBases(base, head);
  return nearest ?? refuse('history.unrelated');
}

/** Refuses a page of something that is not there any more as it was. */
export function expectSame(at: Cursor, now: Oid | undefined): void {
  if (at.skip > 0 && at.oid !== now) refuse('cursor.stale');
}

/** Refuses a page of a list that has changed since, where the list has no name of its own. */
export function expectSameList(at: Cursor, digest: string): void {
  if (at.skip > 0 && at.digest !== digest) refuse('cursor.stale');
}

/** What a revision leads to, with the tags on the way. */
export interface Peeled {
  readonly tags: readonly Tag[];
  readonly oid: Oid;
  readonly kind: 'commit' | 'tree' | 'blob';
}

/** Follows the tags of an object. */
export async function peel(
  repository: Repository,
  revision: Revision | undefined,
): Promise<Peeled> {
  if (revision === undefined) {
    return { tags: [], oid: await tipOf(repository, undefined), kind: 'commit' };
  }
  const tags: Tag[] = [];
  let { oid, kind } = await repository.resolve(revision);
  while (kind === 'tag') {
    if (tags.length === LIMITS.tagsMax)
      return refuse('object.too_large', { detail: 'a chain of tags' });
    // Each tag says where the next one is.
    // oxlint-disable-next-line no-await-in-loop
    const tag = await repository.tag(oid);
    tags.push(tag);
    ({ target: oid, kind } = tag);
  }
  return { tags, oid, kind };
}

/** The tree of a revision. Refuses `path.not_a_directory` where it leads to a file. */
export async function treeOf(repository: Repository, revision: Revision | undefined): Promise<Oid> {
  const { oid, kind } = await peel(repository, revision);
  if (kind === 'blob') return refuse('path.not_a_directory');
  return kind === 'tree' ? oid : (await repository.commit(oid)).tree;
}

/** A file, or a link as the text that it holds. Refuses `path.not_a_file`. */
export async function fileAt(
  repository: Repository,
  treeish: Oid,
  path: TreePath,
): Promise<{ readonly oid: Oid; readonly kind: EntryKind }> {
  if (path === TOP) return refuse('path.not_a_file');
  const { oid, kind } = await repository.entryAt(treeish, path);
  // A submodule's commit stands in another repository, which nobody has opened.
  return kind === 'directory' || kind === 'submodule' ? refuse('path.not_a_file') : { oid, kind };
}

/** Asking for the top asks for everything. */
export function pathsOf(paths: readonly TreePath[] = []): readonly TreePath[] {
  return paths.includes(TOP) ? [] : paths;
}

export function pathOf(path: TreePath | undefined): TreePath | undefined {
  return path === TOP ? undefined : path;
}
