import type { Argument } from '../guard/argument.ts';
import type { TreePath } from '../guard/path.ts';
import type { RefName } from '../guard/ref-name.ts';
import type { Oid } from '../guard/oid.ts';
import type { Revision } from '../guard/revision.ts';
import type { Commit, ObjectInfo, Operation, Tag, Warning } from './results.ts';

/** One call under way. */
export interface Run {
  /** Aborts when the client cancels or the deadline passes; every process of the call is killed then. */
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
}

/** A private GIT_DIR of ours, which is all that git ever sees of a repository's own directory. */
export interface Profile {
  /** A key for caches: the repository on the host and this state of it. */
  readonly key: string;
  readonly gitDir: string;
  readonly workTree: string | undefined;
  readonly objectFormat: 'sha1' | 'sha256';
  /** The complete environment of a process. */
  readonly env: Readonly<Record<string, string>>;
  /** Where git itself is: absolute. */
  readonly binary: string;
  readonly warnings: readonly Warning[];
  /** What was under way when the repository was looked at, such as a merge. */
  readonly operation: Operation | undefined;
}

/** What stands in an index, as far as it was looked at before git may use it. */
export interface IndexFacts {
  readonly entries: number;
  readonly assumeUnchanged: number;
  readonly skipWorktree: number;
  readonly submodules: number;
}

export interface GitCommand {
  /** The verb first. The flags that every command gets are added by the process layer. */
  readonly args: readonly Argument[];
  /** Bytes of output after which the command is stopped; `cut` says so. */
  readonly bytesMax?: number;
  /** Exit codes that are an answer. Anything else is refused as `repository.broken`. */
  readonly exitCodes?: readonly number[];
  /**
   * May write the private index (never the repository's): `status`, and a `diff` of the work tree. For
   * these the process layer sets `GIT_OPTIONAL_LOCKS=1` and `diff.autoRefreshIndex=true`, without which
   * a diff names files whose times changed and whose content did not.
   */
  readonly refreshes?: boolean;
}

export interface GitEnded {
  readonly code: number;
  readonly cut: boolean;
  /** It wrote to stderr: some commands pass over an object that they cannot read, and end well. */
  readonly complained: boolean;
}

/** Takes a piece of output. `false` stops the command; that counts as `cut`. */
export type Sink = (piece: Buffer) => boolean | void;

/** A commit, and where it stands in git's order. */
export interface DatedCommit {
  readonly commit: Commit;
  /** Seconds since 1970; undefined when it is so odd that versions of git differ about it. */
  readonly date: number | undefined;
}

/** Objects by name, from a long-lived process. Everything here is immutable, and cached by name. */
export interface Objects {
  /** What a revision names. Refuses `revision.unknown` and `revision.ambiguous`. */
  resolve(revision: Revision): Promise<ObjectInfo>;
  /** The commit that a revision leads to, through tags. Refuses `revision.not_a_commit` as well. */
  commitOf(revision: Revision): Promise<Oid>;
  info(oid: Oid): Promise<ObjectInfo | undefined>;
  /** What stands at a path in a commit or a tree. */
  at(treeish: Oid, path: TreePath): Promise<ObjectInfo | undefined>;
  commit(oid: Oid): Promise<Commit>;
  /** Those of a list: one that cannot be read is told with its id, and why. One that is missing is refused. */
  commits(oids: readonly Oid[]): Promise<readonly Commit[]>;
  /** A commit and those that its first parents lead to, at most `count`; fewer where the history ends, or is missing. */
  chain(from: Oid, count: number): Promise<readonly DatedCommit[]>;
  tag(oid: Oid): Promise<Tag>;
  /** The bytes of an object. Refuses `object.too_large` before anything is read. */
  bytes(oid: Oid, bytesMax: number): Promise<Buffer>;
  /** The same piece by piece, of which none is kept. `false` from the sink leaves out the rest. */
  stream(oid: Oid, bytesMax: number, sink: Sink): Promise<ObjectInfo>;
}

/** By what a later call knows that all refs are as they were. Equal in each field when they are. */
export interface RefState {
  /** Stamps of HEAD, of `packed-refs` and of the directories of refs. */
  readonly listed: string;
  /** Refs that are files, by their paths as bytes. */
  readonly files: readonly string[];
  readonly stamps: string;
}

/** The files in which a repository keeps its refs and their logs, which are known to be plain. */
export interface RefFiles {
  /**
   * Undefined where it cannot be told: something changed a moment ago, there are too many, or refs are
   * kept in tables. What is read after this is as the state says, or newer.
   *
   * @param before the last one; what it has listed is not listed again.
   */
  state(before: RefState | undefined): RefState | undefined;
  /**
   * The log of HEAD or of a ref that all work trees share; undefined where there is none, or it is large.
   * Refuses `repository.moved` when something else than a file stands there now.
   */
  log(name: RefName): Buffer | undefined;
  /** Whether a short name would be something else than a ref: a file of the private directory, or another work tree's. */
  isShadowed(name: string): boolean;
}

/** An opened repository in one call. */
export interface Handle {
  readonly profile: Profile;
  readonly objects: Objects;
  readonly refFiles: RefFiles;
  /** Runs one command and streams what it prints. Refuses `git.timeout`, `git.busy`, `repository.broken`. */
  git(command: GitCommand, sink: Sink): Promise<GitEnded>;
  /** Brings the private index up to date and looks through it. Refuses `repository.bare` and `repository.refused`. */
  index(): Promise<IndexFacts>;
  /** Lets go of the copies that `index` brought, when an operation is over. */
  release(): void;
  /** Bytes of immutable answers, kept by name. */
  readonly cache: Cache;
}

/** Least recently used goes first; bounded in bytes (policy.ts). */
export interface Cache {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what is kept under a name has one type, which the name begins with.
  get<Value>(key: string): Value | undefined;
  set(key: string, value: unknown, bytes: number): void;
}
