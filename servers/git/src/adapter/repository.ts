import type { RepositoryId } from '../guard/repository-id.ts';
import type { Run } from './handle.ts';
import type { Ere } from '../guard/ere.ts';
import type { Needle } from '../guard/needle.ts';
import type { Oid } from '../guard/oid.ts';
import type { TreePath } from '../guard/path.ts';
import type { RefName } from '../guard/ref-name.ts';
import type { Revision } from '../guard/revision.ts';
import type {
  Audit,
  Blame,
  BlobText,
  BlobWindow,
  Changes,
  Commit,
  Comparison,
  Contributors,
  FoundRepositories,
  GrepResult,
  LogPage,
  ObjectInfo,
  RefPage,
  ReflogPage,
  Status,
  Tag,
  TreeEntry,
  TreeListing,
  Warning,
} from './results.ts';

export interface LogQuery {
  readonly from: Oid;
  /** Commits that are left out with all their history. */
  readonly exclude: readonly Oid[];
  readonly path: TreePath | undefined;
  readonly follow: boolean;
  readonly author: Needle | undefined;
  readonly message: Needle | undefined;
  /** A text whose number of occurrences a commit changed (`-S`). */
  readonly changedText: Needle | undefined;
  /** Seconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly firstParent: boolean;
  readonly noMerges: boolean;
  /** List the files of each commit, against its first parent. */
  readonly files: boolean;
  readonly skip: number;
  readonly limit: number;
}

export interface DiffQuery {
  readonly what:
    | { readonly mode: 'unstaged' }
    /** Index against a commit; undefined is the empty tree of a repository without commits. */
    | { readonly mode: 'staged'; readonly base: Oid | undefined }
    /** Work tree against a commit. */
    | { readonly mode: 'worktree'; readonly base: Oid }
    /** Two commits or trees; `base` undefined is the empty tree (a commit without a parent). */
    | { readonly mode: 'objects'; readonly base: Oid | undefined; readonly head: Oid };
  readonly paths: readonly TreePath[];
  readonly context: number;
  readonly ignoreWhitespace: boolean;
  readonly patch: boolean;
  /** Bytes of all patches together. */
  readonly patchBytes: number;
  readonly skip: number;
  readonly limit: number;
}

export interface StatusQuery {
  readonly untracked: 'none' | 'normal' | 'all';
  readonly paths: readonly TreePath[];
  readonly limit: number;
}

export interface GrepQuery {
  readonly tree: Oid;
  readonly pattern:
    | { readonly kind: 'fixed'; readonly text: Needle }
    | { readonly kind: 'ere'; readonly text: Ere };
  readonly ignoreCase: boolean;
  readonly paths: readonly TreePath[];
  readonly context: number;
  readonly limit: number;
}

export interface BlameQuery {
  readonly commit: Oid;
  readonly path: TreePath;
  readonly startLine: number;
  readonly lines: number;
}

export interface RefsQuery {
  readonly kinds: readonly ('branch' | 'remote' | 'tag' | 'other')[];
  readonly contains: Oid | undefined;
  readonly mergedInto: Oid | undefined;
  /** A text that the name holds, without regard to case. */
  readonly name: string | undefined;
  readonly sort: 'name' | 'newest';
  readonly skip: number;
  readonly limit: number;
}

export interface ReflogQuery {
  readonly ref: RefName;
  readonly skip: number;
  readonly limit: number;
}

export interface ContributorsQuery {
  readonly commit: Oid;
  readonly path: TreePath | undefined;
  readonly since: number | undefined;
  readonly limit: number;
}

export interface CompareQuery {
  readonly base: Oid;
  readonly head: Oid;
  readonly limit: number;
}

/** One repository in one call: under its signal and its deadline. Everything here only reads. */
export interface Repository {
  /** As callers write it. */
  readonly id: string;
  readonly warnings: readonly Warning[];
  readonly bare: boolean;

  resolve(revision: Revision): Promise<ObjectInfo>;
  commitOf(revision: Revision): Promise<Oid>;
  /** HEAD's commit, or undefined before the first one. */
  head(): Promise<Oid | undefined>;
  commit(oid: Oid): Promise<Commit>;
  tag(oid: Oid): Promise<Tag>;
  /** What stands at a path, with its kind. Refuses `path.unknown`. */
  entryAt(treeish: Oid, path: TreePath): Promise<TreeEntry>;
  blob(oid: Oid, window: BlobWindow): Promise<BlobText>;
  /** Entries beneath a tree, in git's own order; `skip` counts entries. */
  tree(tree: Oid, how: { depth: number; skip: number; limit: number }): Promise<TreeListing>;

  log(query: LogQuery): Promise<LogPage>;
  status(query: StatusQuery): Promise<Status>;
  diff(query: DiffQuery): Promise<Changes>;
  grep(query: GrepQuery): Promise<GrepResult>;
  blame(query: BlameQuery): Promise<Blame>;
  refs(query: RefsQuery): Promise<RefPage>;
  reflog(query: ReflogQuery): Promise<ReflogPage>;
  contributors(query: ContributorsQuery): Promise<Contributors>;
  compare(query: CompareQuery): Promise<Comparison>;
  /** The nearest common ancestors, which is what three dots compare with. Empty where there is none. */
  mergeBases(base: Oid, head: Oid): Promise<readonly Oid[]>;
  /** Branches and tags that begin like a text, for completion. */
  namesLike(text: string, limit: number): Promise<readonly string[]>;
}

/** All that is served. */
export interface Repositories {
  /** Repositories beneath the roots with these names. */
  find(
    roots: readonly string[],
    how: { readonly depth: number; readonly limit: number },
    run: Run,
  ): Promise<FoundRepositories>;
  /**
   * Opens one. Refuses `repository.unknown`, `repository.refused` and the like.
   *
   * @param granted names of the roots that the caller may use; the id's is among them.
   */
  open(id: RepositoryId, run: Run, granted: readonly string[]): Promise<Repository>;
  /** What plain git would act on. Works on a repository that is refused, too. */
  audit(id: RepositoryId, run: Run, granted: readonly string[]): Promise<Audit>;
  /** Version, and what is wrong with it, for the command `check`. */
  git(): Promise<{ readonly version: string; readonly warnings: readonly string[] }>;
  /** Ends every process and removes every private directory. False when something did not let go. */
  close(): Promise<boolean>;
}
