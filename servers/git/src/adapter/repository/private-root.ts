import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

import { privateParentOf, privateParentProblem } from './private-parent.ts';
import { lstatOrNothing } from './stamp.ts';

/** The directory of this process, in which every GIT_DIR lies that git gets to see. */
export interface PrivateRoot {
  /** Makes a new directory in it, which nobody but this user may enter. */
  make(name: string): string;
  /**
   * True while a directory stands in the one that was made, and that is still the same one, of this user
   * alone. Asked before git is shown it.
   */
  holds(directory: string): boolean;
  /** Removes one again. Links in it are removed, and never followed. */
  drop(directory: string): void;
  /** Removes all. False when something could not be removed. */
  close(): boolean;
}

export interface PrivateRootOptions {
  /** Where it is made; undefined is the host's directory for temporary files. */
  readonly parent: string | undefined;
  /** How its name begins. */
  readonly prefix: string;
}

interface Made {
  readonly path: string;
  /** Its device and number: a name is anybody's once the directory is gone. */
  readonly stats: BigIntStats;
}

/** Makes nothing before the first directory is asked for; then removes what killed servers left. */
export function createPrivateRoot({ parent, prefix }: PrivateRootOptions): PrivateRoot {
  let made: Made | undefined;
  let closed = false;
  const open = (): string => {
    if (closed) throw new TypeError('the private directory is closed');
    // Hosts clean their directory for temporary files, now and then below a running server.
    if (made !== undefined && isStillOurs(made)) return made.path;
    const real = privateParentOf(parent);
    if (real === undefined || privateParentProblem(real) !== undefined)
      throw new TypeError('there is no place for the private directory');
    sweep(real, prefix);
    // mkdtemp makes it with mode 0700, and fails where something of that name is there already.
    const path = mkdtempSync(join(real, `${prefix}${process.pid}-${whereabouts()}-`));
    made = { path, stats: lstatSync(path, { bigint: true }) };
    return path;
  };
  const holds = (directory: string): boolean =>
    made !== undefined &&
    dirname(directory) === made.path &&
    isStillOurs(made) &&
    lstatOrNothing(directory)?.isDirectory() === true;
  return {
    make(name) {
      const directory = join(open(), name);
      mkdirSync(directory, { mode: 0o700 });
      return directory;
    },
    holds,
    drop(directory) {
      // What somebody put in its place is theirs, and could lead the removal elsewhere.
      if (holds(directory)) remove(directory);
    },
    close() {
      closed = true;
      if (made === undefined || lstatOrNothing(made.path) === undefined) return true;
      return isStillOurs(made) && remove(made.path);
    },
  };
}

/**
 * Whether what stands there is the directory that was made. When a cleaner took it away, any user of the
 * host can make one of the same name, and what stands in it would run with our rights.
 */
function isStillOurs({ path, stats }: Made): boolean {
  const now = lstatOrNothing(path);
  if (now?.isDirectory() !== true || now.dev !== stats.dev || now.ino !== stats.ino) return false;
  // Windows has neither.
  if (process.geteuid === undefined) return true;
  return now.uid === BigInt(process.geteuid()) && (now.mode & 0o777n) === 0o700n;
}

/**
 * Removes directories of servers that were killed: of this user, and of a process that is gone.
 *
 * The number of a process means something only in its own space of numbers. Containers can share a
 * directory for temporary files, so the name says where the number counts.
 */
function sweep(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const [pid = '', where] = name.slice(prefix.length).split('-');
    const isOver = /^\d{1,10}$/.test(pid) && where === whereabouts() && !isAlive(Number(pid));
    if (isOver && isOwnDirectory(join(parent, name))) remove(join(parent, name));
  }
}

/** Not a link that another user put there, and not another user's directory. */
function isOwnDirectory(path: string): boolean {
  const stats = lstatOrNothing(path);
  return stats?.isDirectory() === true && stats.uid === BigInt(process.getuid?.() ?? 0);
}

/** A short digest of the host and of the space of process numbers on it. */
function whereabouts(): string {
  let space = '';
  try {
    space = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has such spaces.
  }
  return createHash('sha256').update(`${hostname()}\0${space}`).digest('hex').slice(0, 12);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is another user's, so it is alive.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function remove(directory: string): boolean {
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } catch {
    return false;
  }
}
