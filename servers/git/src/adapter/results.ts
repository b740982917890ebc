import type { Oid } from '../guard/oid.ts';
import type { Finding } from '../policy.ts';

export type { Finding } from '../policy.ts';

/** What comes back from a repository. Texts are decoded but not yet made visible, unless it says so. */

export type ObjectKind = 'commit' | 'tree' | 'blob' | 'tag';

export interface ObjectInfo {
  readonly oid: Oid;
  readonly kind: ObjectKind;
  /** Bytes. */
  readonly size: number;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  /** RFC 3339 in the person's own offset, or undefined when the repository says nonsense. */
  readonly at: string | undefined;
  /** Seconds since 1970. */
  readonly seconds: number;
}

export interface Commit {
  readonly oid: Oid;
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly author: Person;
  readonly committer: Person;
  /** First paragraph on one line, as git's `%s`. */
  readonly subject: string;
  /** All after it, as git's `%b`, without the newlines at its end. */
  readonly body: string;
  /** The message was longer than what is kept of one. */
  readonly isCut: boolean;
  /** There is a signature. It is not verified: that would run a program. */
  readonly signed: boolean;
  /** Only its id is known, in a list; nothing else here says anything then. */
  readonly unreadable?: 'too large' | 'broken';
}

export interface Tag {
  readonly oid: Oid;
  readonly target: Oid;
  readonly kind: ObjectKind;
  readonly name: string;
  readonly tagger: Person | undefined;
  readonly message: string;
  /** The message was longer than what is kept of one. */
  readonly isCut: boolean;
  readonly signed: boolean;
}

export type EntryKind = 'file' | 'executable' | 'symlink' | 'directory' | 'submodule';

export interface TreeEntry {
  /** Relative to what was listed; each name a visible text (`textFromBytes`). */
  readonly path: string;
  readonly kind: EntryKind;
  readonly oid: Oid;
  /** Bytes, for files and links. */
  readonly size: number | undefined;
}

export interface TreeListing {
  readonly entries: readonly TreeEntry[];
  readonly next: number | undefined;
  readonly truncated: boolean;
}

export interface BlobWindow {
  readonly startLine: number;
  readonly lines: number;
  /** Bytes of text at most. */
  readonly bytes: number;
}

export type BlobText =
  | { readonly kind: 'binary'; readonly size: number }
  | { readonly kind: 'too large'; readonly size: number }
  | {
      readonly kind: 'text';
      readonly size: number;
      readonly text: string;
      readonly startLine: number;
      readonly endLine: number;
      readonly totalLines: number;
      readonly nextLine: number | undefined;
      /** The only line that is there is larger than the window, and `text` its beginning. */
      readonly cut: boolean;
      /** The last line ends with a line feed, which is not in `text`. */
      readonly ended: boolean;
      /** True when bytes that are no UTF-8 were replaced. */
      readonly lossy: boolean;
    };

export interface LogPage {
  readonly commits: readonly Commit[];
  /** Files of each commit, when they were asked for, by its name. */
  readonly files: ReadonlyMap<Oid, readonly ChangedFile[]>;
  /** How many more files a commit changed, for those of which not all are listed. */
  readonly filesLeftOut: ReadonlyMap<Oid, number>;
  readonly more: boolean;
}

export type ChangeKind =
  'added' | 'deleted' | 'modified' | 'renamed' | 'copied' | 'type changed' | 'unmerged';

export interface ChangedFile {
  /** Visible texts. */
  readonly path: string;
  readonly from: string | undefined;
  readonly kind: ChangeKind;
  readonly oldMode: string;
  readonly newMode: string;
  /** Lines; undefined for a binary file, or where git did not look. */
  readonly added: number | undefined;
  readonly removed: number | undefined;
  readonly binary: boolean;
}

export interface Changes {
  readonly files: readonly ChangedFile[];
  /** Of all files, also those that are not listed. */
  readonly totals: { readonly files: number; readonly added: number; readonly removed: number };
  /** Patches of whole files, together not larger than was asked for. */
  readonly patch: string;
  /** Patches that were left out because they did not fit. */
  readonly withheld: readonly string[];
  /** Where the next page begins: how many files were given out. */
  readonly next: number | undefined;
  readonly truncated: boolean;
  /** Of the whole list: another one on the next page means that the work tree or the index has changed. */
  readonly digest: string;
}

export interface StatusEntry {
  readonly path: string;
  readonly from: string | undefined;
  /** What is staged, and what is not. */
  readonly staged: ChangeKind | undefined;
  readonly unstaged: ChangeKind | undefined;
  /** Two letters of git for a conflict, such as `UU`. */
  readonly conflict: string | undefined;
  readonly untracked: boolean;
}

export type Operation = 'merge' | 'rebase' | 'am' | 'cherry-pick' | 'revert' | 'bisect';

export interface Status {
  readonly branch: string | undefined;
  readonly head: Oid | undefined;
  readonly upstream: string | undefined;
  readonly ahead: number | undefined;
  readonly behind: number | undefined;
  readonly operation: Operation | undefined;
  readonly entries: readonly StatusEntry[];
  readonly counts: {
    readonly staged: number;
    readonly unstaged: number;
    readonly untracked: number;
    readonly conflicts: number;
  };
  /** Paths that an index flag keeps out of sight: assume-unchanged and, without a sparse checkout, skip-worktree. */
  readonly hidden: number;
  readonly truncated: boolean;
}

export interface GrepMatch {
  readonly path: string;
  readonly line: number;
  /** Column of the first match, in bytes from 1. */
  readonly column: number | undefined;
  readonly text: string;
  readonly match: boolean;
}

export interface GrepResult {
  readonly matches: readonly GrepMatch[];
  readonly files: number;
  readonly truncated: boolean;
}

export interface BlameHunk {
  readonly commit: Commit;
  /** The path in that commit. */
  readonly path: string;
  readonly startLine: number;
  readonly lines: readonly string[];
  /** The history ends here: a shallow clone, or the first commit. */
  readonly boundary: boolean;
}

export interface Blame {
  readonly hunks: readonly BlameHunk[];
  readonly totalLines: number;
  readonly nextLine: number | undefined;
}

export interface Ref {
  /** The full name, visible. */
  readonly name: string;
  readonly kind: 'branch' | 'remote' | 'tag' | 'other';
  readonly oid: Oid;
  /** Undefined when the object is missing here. */
  readonly objectKind: ObjectKind | undefined;
  /** What an annotated tag points to, through other tags. */
  readonly peeled: Oid | undefined;
  /** What a symbolic ref points to. */
  readonly symbolic: string | undefined;
  readonly upstream: string | undefined;
  readonly ahead: number | undefined;
  readonly behind: number | undefined;
  /** The upstream is gone. */
  readonly gone: boolean;
  readonly current: boolean;
  /** When its commit, or an annotated tag itself, was made, RFC 3339: as git's `creatordate`. */
  readonly at: string | undefined;
  /** Of the commit, or of the annotated tag. */
  readonly subject: string;
}

export interface RefPage {
  readonly refs: readonly Ref[];
  readonly total: number;
  readonly more: boolean;
  /** Of all refs that were asked for, with what they point to: a page of other ones does not fit to this one. */
  readonly digest: string;
}

export interface ReflogEntry {
  /** `HEAD@{0}`. */
  readonly selector: string;
  readonly oid: Oid;
  readonly at: string | undefined;
  readonly by: string;
  readonly message: string;
}

export interface ReflogPage {
  readonly entries: readonly ReflogEntry[];
  readonly more: boolean;
  /** Of all newer entries, which pages before this one showed, and of those with its own. */
  readonly digestBefore: string;
  readonly digest: string;
}

export interface Contributor {
  readonly name: string;
  readonly email: string;
  readonly commits: number;
}

export interface Contributors {
  readonly contributors: readonly Contributor[];
  readonly total: number;
  readonly commits: number;
}

export interface Comparison {
  readonly bases: readonly Oid[];
  readonly ahead: number;
  readonly behind: number;
  /** Only reachable from the head, and only from the base; newest first, at most as many as asked for. */
  readonly aheadCommits: readonly Commit[];
  readonly behindCommits: readonly Commit[];
  readonly merge: {
    readonly clean: boolean;
    /** The first ones; `conflictsTotal` counts all. */
    readonly conflicts: readonly { readonly path: string; readonly kinds: readonly string[] }[];
    readonly conflictsTotal: number;
    /** The tree that a clean merge would make; it exists only in the server's private store. */
    readonly tree: Oid | undefined;
  };
}

export interface Audit {
  readonly findings: readonly Finding[];
  readonly truncated: boolean;
  readonly refused: boolean;
}

/** What a reader of answers should know of a repository. */
export type Warning =
  | 'shallow'
  | 'partial'
  | 'sparse'
  | 'filters_not_applied'
  | 'submodules_not_inspected'
  | 'hidden_index_flags'
  | 'replace_refs_ignored'
  | 'git_has_known_holes';

export interface FoundRepository {
  /** What callers write. */
  readonly id: string;
  readonly bare: boolean;
  readonly head: Oid | undefined;
  readonly branch: string | undefined;
  /** The id of the repository whose linked work tree this is. */
  readonly worktreeOf: string | undefined;
  readonly operation: Operation | undefined;
  readonly refused: boolean;
  readonly warnings: readonly Warning[];
}

export interface FoundRepositories {
  readonly repositories: readonly FoundRepository[];
  readonly truncated: boolean;
}
