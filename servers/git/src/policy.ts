/**
 * What may be done: plain data and pure functions. This room imports nothing, so it can be read and
 * tested by itself.
 */

/** A directory that the operator opened: a repository, or a directory that holds repositories. */
export interface Root {
  /** What callers say: `app`, or `app/vendor/lib` for a repository beneath it. */
  readonly name: string;
  /** The directory on the host, every link followed. Never shown. */
  readonly path: string;
}

/**
 * The environment of every git process, complete: nothing is inherited.
 *
 * Each line closes a way in that a user's or an administrator's settings could open; where the
 * repository's own settings stay away is the private GIT_DIR's business
 * (docs/patterns/c06-configuration-that-travels.md).
 */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME: '/nonexistent',
  XDG_CONFIG_HOME: '/nonexistent',
  LC_ALL: 'C',
  TZ: 'UTC',
  // Without it, git takes the directory that it runs in for a work tree where it is told of none.
  GIT_IMPLICIT_WORK_TREE: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_GRAFT_FILE: '/dev/null',
  // Refreshing an index would write it; only a command that may write the private one turns this on.
  GIT_OPTIONAL_LOCKS: '0',
  // A missing object of a partial clone is missing: fetching it runs what the remote's settings name.
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  SSH_ASKPASS: '',
  GIT_SSH_COMMAND: 'false',
  GIT_EDITOR: 'false',
  GIT_SEQUENCE_EDITOR: 'false',
  GIT_PAGER: 'cat',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_ADVICE: '0',
  // Into a pipe, git writes each commit by itself otherwise: 20,000 wake-ups for 20,000 commits.
  GIT_FLUSH: '0',
  // Bytes of one allocation: an object that inflates to more ends git, and not the machine.
  GIT_ALLOC_LIMIT: '268435456',
};

/**
 * Settings that outrank every file, for each git process.
 *
 * They are the second wall: the private GIT_DIR holds no setting that could run or read anything. Each
 * line turns off something that a file, should it ever be read, could use. What has a wildcard in its
 * name (`filter.*.clean`, `merge.*.driver`) cannot be turned off here at all, and is why this is no
 * first wall.
 */
export const OVERRIDES: readonly (readonly [string, string])[] = [
  // Programs that reading runs.
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.pager', 'cat'],
  ['core.editor', 'false'],
  ['core.askPass', ''],
  ['core.sshCommand', 'false'],
  ['core.gitProxy', 'false'],
  ['core.alternateRefsCommand', 'false'],
  ['credential.helper', ''],
  ['diff.external', ''],
  ['gpg.program', 'false'],
  ['gpg.ssh.program', 'false'],
  ['gpg.x509.program', 'false'],
  ['log.showSignature', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // A split index is written as one: the copy of what it builds on stays as it is, and the only one.
  ['splitIndex.maxPercentChange', '100'],
  // The index is written by what says so only (`GitCommand.refreshes`).
  ['diff.autoRefreshIndex', 'false'],
  // Other repositories, near and far.
  ['protocol.allow', 'never'],
  ['submodule.recurse', 'false'],
  ['diff.ignoreSubmodules', 'dirty'],
  ['diff.submodule', 'short'],
  ['status.submoduleSummary', 'false'],
  ['grep.fallbackToNoIndex', 'false'],
  // Files that stand outside.
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['diff.orderFile', '/dev/null'],
  ['mailmap.file', ''],
  ['mailmap.blob', ''],
  // Another object, or other names for it, than what was asked for: an index of packs is the repository's word.
  ['core.useReplaceRefs', 'false'],
  ['core.multiPackIndex', 'false'],
  // A full id is looked up among the refs only to warn of one that is called like it.
  ['core.warnAmbiguousRefs', 'false'],
  // `GIT_GRAFT_FILE=/dev/null` is a file of grafts, and each process would explain them on stderr.
  ['advice.graftFileDeprecated', 'false'],
  // Forms that would break a parser.
  ['color.ui', 'false'],
  ['core.quotePath', 'true'],
  ['i18n.logOutputEncoding', 'UTF-8'],
];

/** Hard limits. Each says which attack or accident it bounds. */
export const LIMITS = {
  nameCharactersMax: 512,
  revisionCharactersMax: 256,
  pathCharactersMax: 4096,
  needleCharactersMax: 256,
  pathsMax: 32,
  /** Directories beneath a root that discovery looks into. */
  discoverDepthMax: 4,
  discoverDirectoriesMax: 20_000,
  repositoriesMax: 200,
  /** One command of git, in milliseconds; a call's own deadline can be nearer. */
  commandMs: 10_000,
  /** Commands that read the work tree, which can hold pipes and dead mounts. */
  workTreeMs: 10_000,
  /** Bytes that one command may print before it is stopped. */
  outputBytesMax: 16_777_216,
  /** The same where the output is only counted and little of it is kept, as of a status with 200,000 entries. */
  countedBytesMax: 268_435_456,
  /** One field of such an output: a path, a ref. Trees can hold names of megabytes. */
  fieldBytesMax: 65_536,
  /** Processes of git at one time, the long-lived ones besides. */
  processesMax: 4,
  /** Bytes of memory of one of them. Its single allocations have a limit of their own, `GIT_ALLOC_LIMIT`. */
  processBytesMax: 536_870_912,
  /** Of these: of one repository, of one that read its work tree, and of all that read a work tree. */
  repositoryProcessesMax: 3,
  workTreeProcessesMax: 2,
  workTreesProcessesMax: 3,
  /** Commands that may wait for one of them. */
  processesWaitingMax: 64,
  /** Long-lived processes at one time, and how long one may idle, in milliseconds. */
  batchesMax: 4,
  batchIdleMs: 60_000,
  /** Bytes of a commit or a tag, which are read as a whole. */
  messageBytesMax: 1_048_576,
  /** Tags of tags that are followed. Nobody nests more, and a chain made by hand can be of any length. */
  tagsMax: 8,
  /** Bytes of a tree, which is read as a whole. One with 200,000 entries fits. */
  treeBytesMax: 8_388_608,
  /** Bytes of all trees that one listing reads. */
  treesBytesMax: 33_554_432,
  /** Bytes of a name in a tree: no file system has a longer path. */
  pathBytesMax: 4096,
  /** Bytes of all paths of one page, as they are shown. */
  pagePathBytesMax: 131_072,
  /** Lines before the message of one, those that go on not counted, and parents among them. */
  headerLinesMax: 10_000,
  parentsMax: 1000,
  /** Bytes of a message that are kept: what may be shown of one, and more. */
  messageKeptBytesMax: 65_536,
  /** Characters of a subject, and of a name or an address. */
  subjectCharactersMax: 500,
  personCharactersMax: 200,
  /** Bytes that are kept of all commits, or of all tags, that one call reads. */
  commitsBytesMax: 8_388_608,
  /** Bytes of a blob that is looked into. A larger one is named with its size. */
  blobBytesMax: 16_777_216,
  /** Larger files are binary to a diff: neither side is loaded. */
  diffFileBytesMax: 4_194_304,
  fileLinesDefault: 500,
  fileLinesMax: 5000,
  lineCharactersMax: 2000,
  textBytesDefault: 32_768,
  textBytesMax: 262_144,
  itemsDefault: 50,
  itemsMax: 200,
  treeDepthMax: 3,
  /** Entries of a tree and of what is beneath it that a listing reads. */
  treeEntriesMax: 200_000,
  contextMax: 20,
  /** Bytes of all lines of one search. */
  grepBytesMax: 1_048_576,
  /** The name of a ref that is a file has no more. */
  refBytesMax: 4096,
  /** Of a list of refs that is remembered, and of a log that is read without git: some hundred refs, some thousand entries. */
  refListBytesMax: 65_536,
  logBytesMax: 524_288,
  /** Different names and addresses that are counted. */
  contributorsMax: 50_000,
  /** Characters of them all: 50,000 have two million when they are people. */
  contributorsCharactersMax: 4_194_304,
  blameLinesMax: 500,
  messageCharactersMax: 4096,
  /** Bytes of the small files of a repository: HEAD, config, packed-refs and the like. */
  configBytesMax: 1_048_576,
  /** Settings in one of its files: some thousand branches have three each. A megabyte can hold 500,000. */
  settingsMax: 20_000,
  /** Also of all tables of refs together. */
  packedRefsBytesMax: 67_108_864,
  tableListBytesMax: 65_536,
  indexBytesMax: 268_435_456,
  /** Of all copies of one index that calls read at a time, with what they build on. */
  indexCopiesBytesMax: 536_870_912,
  /** Entries of refs, logs and object directories that an inspection looks at. */
  inspectEntriesMax: 500_000,
  /** Directories of refs and logs, which are kept and asked by every call, and bytes of their paths. */
  inspectDirectoriesMax: 20_000,
  inspectPathBytesMax: 4_194_304,
  /** Loose objects that a preview of a merge packs for itself. git packs them from some thousands on. */
  looseObjectsMax: 50_000,
  /** Bytes of the private directories of all repositories, and of those that are over and not removed yet. */
  privateBytesMax: 1_073_741_824,
  retiredBytesMax: 134_217_728,
  /** Bytes of the packs that previews of merges read, before they are made anew. */
  mergePacksBytesMax: 268_435_456,
  /** Directories of alternates, nested. */
  alternatesMax: 5,
  findingsMax: 100,
  /** Of remembered answers. All commits that a walk in pages passes fit (commands/log.ts), or each page would read them again. */
  cacheBytesMax: 2_621_440,
  /** Commits from which a private commit-graph pays. */
  graphCommitsMin: 5000,
} as const;

/** The worst first. */
export const SEVERITIES = [
  'executes',
  'reads outside',
  'writes',
  'hides',
  'leaks',
  'breaks',
  'notes',
] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing in a repository that plain git would act on, or that a reader should know. */
export interface Finding {
  /** Stable, such as `config.fsmonitor`. */
  readonly id: string;
  readonly severity: Severity;
  /** Where it stands, visible: a key of the configuration, a path within `.git`. Never a value that could be a secret. */
  readonly where: string;
  /** Which reading of plain git would set it off, or what it hides. A sentence of ours. */
  readonly effect: string;
  /** The server refuses to open the repository because of it. */
  readonly refuses: boolean;
}

/** Oldest git that has all that the profile needs (`cat-file --batch-command -z`, `merge-tree -z`). */
export const GIT_OLDEST = '2.39.0';

/**
 * First mended version of each line of releases: below, published holes in the parsers of packs,
 * submodules and paths are open (CVE-2024-32002, CVE-2024-32004, CVE-2024-32465, CVE-2025-48384). Of the
 * last one, which only a clone sets off, 2.39 was mended by distributions alone.
 */
export const GIT_MENDED: readonly string[] = [
  '2.39.4',
  '2.43.7',
  '2.44.4',
  '2.45.4',
  '2.46.4',
  '2.47.3',
  '2.48.2',
  '2.49.1',
  '2.50.1',
];

/**
 * Files that programs write: a lock file can be most of a diff and tell nothing. They are listed; their
 * patch is shown when they are named.
 */
export function isGenerated(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return GENERATED_NAMES.has(name) || /\.(?:min\.(?:js|css)|(?:js|css)\.map)$/.test(name);
}

const GENERATED_NAMES: ReadonlySet<string> = new Set([
  'Cargo.lock',
  'Gemfile.lock',
  'Pipfile.lock',
  'bun.lock',
  'composer.lock',
  'flake.lock',
  'go.sum',
  'npm-shrinkwrap.json',
  'package-lock.json',
  'pnpm-lock.yaml',
  'poetry.lock',
  'uv.lock',
  'yarn.lock',
]);
