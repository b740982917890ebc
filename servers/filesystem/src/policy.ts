/**
 * What may be done: plain data and pure functions. This room imports nothing, so it can be read and
 * tested by itself.
 */

/** A directory that the operator opened to the server. */
export interface Root {
  /** What callers say: `docs:guide/intro.md`. */
  readonly name: string;
  /** The directory on the host, every link followed. Never shown. */
  readonly path: string;
  /** How an absolute path into this root may begin: the operator's own spelling and the real one. */
  readonly spellings: readonly string[];
}

/** What one caller may do beneath one root. */
export interface RootRights {
  readonly root: string;
  /** Globs that stay closed, on top of the operator's. */
  readonly deny: readonly string[];
}

/**
 * What to do with a file that has several names. An attacker who may create names beneath a root can
 * link a file from outside into it, and no check of a path can see that; only the link count can.
 */
export type HardLinks = 'owned' | 'deny' | 'allow';

export interface Policy {
  readonly roots: readonly Root[];
  /** Names that are closed by default. */
  readonly usual: readonly string[];
  /** What is opened among the usual ones. */
  readonly allow: readonly string[];
  /** What the operator closes. Nothing lifts it. */
  readonly deny: readonly string[];
  readonly hardLinks: HardLinks;
}

/**
 * Names that hold credentials by convention. They are listed, marked as denied, and never opened.
 * Matched without regard to case, on every name of a path, links included.
 */
export const DENIED_BY_DEFAULT: readonly string[] = [
  '.env',
  '.env.*',
  '.envrc',
  '*.pem',
  '*.key',
  '*.p12',
  '*.pfx',
  '*.jks',
  '*.keystore',
  '*.kdbx',
  '*.ppk',
  'credentials.json',
  '*.tfstate',
  '*.tfstate.*',
  'id_{rsa,dsa,ecdsa,ecdsa_sk,ed25519,ed25519_sk,xmss}',
  '.{ssh,gnupg,aws,azure,kube}',
  '.{npmrc,pypirc,netrc,pgpass,my.cnf,htpasswd,git-credentials,vault-token}',
  '_netrc',
  '.*_history',
  '**/.git/config',
  '**/.git/modules/**/config',
  '**/.docker/config.json',
  '**/.config/{gcloud,gh}',
  '**/.cargo/credentials*',
  '**/.gem/credentials',
];

/** Samples of the names above, made to be read. */
export const ALLOWED_BY_DEFAULT: readonly string[] = [
  '.env.{example,sample,template,dist}',
  '*.pub.key',
];

/** Hard limits. Each says which attack or accident it bounds. */
export const LIMITS = {
  /** Bytes of text that one read returns unless it asks for fewer. */
  readBytesDefault: 65_536,
  /** A character of UTF-8 has up to four bytes: a smaller window could hold none, and paging would stand still. */
  readBytesMin: 4,
  /** Bytes of text that one read returns at most: it stands twice in an answer. */
  readBytesMax: 262_144,
  linesDefault: 2000,
  linesMax: 5000,
  /** Bytes read to reach a line: a caller cannot make the server read a disk to count lines. */
  scanBytesMax: 67_108_864,
  /** Files are counted to their end only below this size. */
  countBytesMax: 8_388_608,
  /** Files in one `read_files`. */
  filesMax: 20,
  /** Bytes of one image or sound. */
  mediaBytesMax: 5_242_880,
  entriesDefault: 200,
  entriesMax: 2000,
  depthMax: 64,
  /** Entries that one walk looks at. A larger tree is walked in pages. */
  walkEntriesMax: 100_000,
  /** Entries of one directory that are sorted. A larger directory is listed in its own order. */
  sortEntriesMax: 50_000,
  /** Longest walk, in milliseconds; the rest of the call's time is for the answer. */
  walkMs: 10_000,
  /** Larger files are not searched. */
  searchFileBytesMax: 8_388_608,
  patternCharactersMax: 1000,
  globCharactersMax: 512,
  matchesDefault: 100,
  matchesMax: 1000,
  contextMax: 10,
  /** A longer line is cut around its match. */
  lineCharactersMax: 2000,
  /** Links followed in one path: the kernel's own limit (ELOOP). */
  linksMax: 40,
  ignoreFileBytesMax: 16_384,
  ignoreRulesMax: 1000,
  /** Of all ignore files that are in force at one place: compiled, they are a thousand times as large. */
  ignoreCharactersMax: 16_384,
  /** Time that one walk spends on ignore files, in milliseconds. */
  ignoreMs: 1500,
  /** Denied globs that one caller's policy can add. */
  denyMax: 256,
} as const;

/** Finds a root by its name among those that a caller may use. */
export function findRights(rights: readonly RootRights[], name: string): RootRights | undefined {
  return rights.find(({ root }) => root === name);
}
