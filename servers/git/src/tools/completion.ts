import type { Repository, TreeListing } from '../adapter/index.ts';
import { type Oid, repositoryId, revision, TOP, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { treeOf } from './revisions.ts';

/** What a person may mean who has typed the beginning. */

/** The protocol shows no more. */
const COMPLETIONS_MAX = 100;

/** What has been filled in already. */
export interface Known {
  readonly repo?: string | undefined;
  readonly rev?: string | undefined;
}

/** Ids of repositories. */
export async function completeRepository(
  value: string,
  { find }: Context,
): Promise<readonly string[]> {
  const depth = LIMITS.discoverDepthMax;
  const { repositories } = await find({ depth, limit: LIMITS.repositoriesMax });
  return repositories.map(({ id }) => id).filter((id) => id.startsWith(value));
}

/** HEAD, branches and tags. */
export async function completeRevision(
  value: string,
  known: Known,
  context: Context,
): Promise<readonly string[]> {
  return within(known, context, async (repository) => {
    const names = await repository.namesLike(value, COMPLETIONS_MAX);
    return 'HEAD'.startsWith(value) ? ['HEAD', ...names] : names;
  });
}

/** The newest commits. */
export async function completeCommit(
  value: string,
  known: Known,
  context: Context,
): Promise<readonly string[]> {
  return within(known, context, async (repository) => {
    const from = await repository.head();
    if (from === undefined) return [];
    const { commits } = await repository.log({ ...WHOLE_LOG, from });
    return commits.map(({ oid }) => oid).filter((oid) => oid.startsWith(value));
  });
}

const WHOLE_LOG = {
  exclude: [],
  path: undefined,
  follow: false,
  author: undefined,
  message: undefined,
  changedText: undefined,
  since: undefined,
  until: undefined,
  firstParent: false,
  noMerges: false,
  files: false,
  skip: 0,
  limit: COMPLETIONS_MAX,
} as const;

/** Entries of the directory that was typed so far. */
export async function completePath(
  value: string,
  known: Known,
  context: Context,
): Promise<readonly string[]> {
  return within(known, context, async (repository) => {
    const slash = value.lastIndexOf('/') + 1;
    const directory = treePath.safeParse(value.slice(0, slash)).data;
    const at = revision.optional().safeParse(known.rev);
    if (directory === undefined || !at.success) return [];
    const top = await treeOf(repository, at.data);
    const tree = directory === TOP ? top : (await repository.entryAt(top, directory)).oid;
    return entriesLike(repository, tree, value.slice(slash), value.slice(0, slash));
  });
}

/** Entries that one completion looks at. What begins like the value may stand far behind the first page. */
const ENTRIES_MAX = 10_000;
const ENTRIES_AT_ONCE = 1000;

async function entriesLike(
  repository: Repository,
  tree: Oid,
  beginning: string,
  before: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (
    let skip: number | undefined = 0;
    skip !== undefined && skip < ENTRIES_MAX && found.length < COMPLETIONS_MAX;
  ) {
    // The next page begins where this one ends.
    // oxlint-disable-next-line no-await-in-loop
    const page: TreeListing = await repository.tree(tree, {
      depth: 1,
      skip,
      limit: ENTRIES_AT_ONCE,
    });
    for (const { path, kind } of page.entries)
      if (path.startsWith(beginning))
        found.push(`${before}${path}${kind === 'directory' ? '/' : ''}`);
    skip = page.next;
  }
  return found;
}

/** Asks a repository that a person has named so far, or the only one. What is not well formed yet names none. */
async function within(
  { repo }: Known,
  context: Context,
  ask: (repository: Repository) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const id = repositoryId.optional().safeParse(repo);
  const isOpen = repo !== undefined || context.roots.length === 1;
  return id.success && isOpen ? ask(await context.open(id.data)) : [];
}
