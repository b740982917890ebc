import { chdir } from 'node:process';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  type PathLike,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';

import { isAscii, type Name, nameFromDisk } from '../../guard/index.ts';
import { type Directory, fileFound, type Found, missing } from './directory.ts';
import { isKernelType } from './kernel-types.ts';

/**
 * The portable walk, for systems without descriptors that can be walked from.
 *
 * The one directory that every system holds for a process is its working directory. So the walk
 * enters it name by name: look at the entry, enter it, look at where one stands, and go on only if
 * that is the same directory. From inside, `./name` cannot be redirected.
 *
 * A process has one working directory, so this runs in a process of its own, not in a thread.
 */

const WINDOWS = process.platform === 'win32';
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Windows knows neither flag; there the comparison after opening catches a swapped link. */
const READ = WINDOWS ? O_RDONLY : O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

interface Place {
  readonly dev: bigint;
  readonly ino: bigint;
}

interface Chain {
  /** Absent at the root. */
  readonly above: { readonly chain: Chain; readonly name: Name } | undefined;
  /** What `chdir` is given: the root's path on the host, or one name. */
  readonly step: string;
  readonly place: Place;
  readonly names: readonly Name[];
}

/** Where the process stands. Entering it again for each entry of a listing would be wasted. */
let standing: Chain | undefined;

/** The root at a path, as it was when the server started. */
export function portableRoot(path: string, place: Place): Directory {
  return createDirectory({ above: undefined, step: path, place, names: [] });
}

function createDirectory(chain: Chain): Directory {
  return {
    names: chain.names,
    identity: `${String(chain.place.dev)}:${String(chain.place.ino)}`,
    at(name) {
      enter(chain);
      return entryPath(name);
    },
    here() {
      enter(chain);
      return '.';
    },
    look: (name) => look(chain, name),
    openFile: (name) => look(chain, name),
    close: () => undefined,
  };
}

/** Walks into a directory from the root and proves each step. Throws ESTALE when one is no longer what it was. */
function enter(chain: Chain): void {
  if (standing === chain) return;
  if (chain.above !== undefined) {
    enter(chain.above.chain);
    if (!samePlace(lstatSync(entryPath(chain.above.name), { bigint: true }), chain.place)) stale();
  }
  chdir(chain.step);
  standing = undefined;
  if (!samePlace(statSync('.', { bigint: true }), chain.place)) stale();
  standing = chain;
}

function stale(): never {
  standing = undefined;
  throw Object.assign(new Error('the directory is no longer the same'), { code: 'ESTALE' });
}

function look(chain: Chain, name: Name): Found {
  try {
    enter(chain);
    const path = entryPath(name);
    const seen = lstatSync(path, { bigint: true });
    if (seen.isSymbolicLink()) return { kind: 'link', target: linkTarget(path) };
    if (seen.isDirectory()) return lookAtDirectory(chain, name, seen);
    return seen.isFile() ? openSeen(path, seen) : { kind: 'special' };
  } catch (error) {
    return missing(error);
  }
}

function lookAtDirectory(above: Chain, name: Name, seen: BigIntStats): Found {
  const step = directoryStep(name);
  if (step === undefined) return { kind: 'missing', reason: 'EINVAL' };
  const place = { dev: seen.dev, ino: seen.ino };
  const chain: Chain = {
    above: { chain: above, name },
    step,
    place,
    names: [...above.names, name],
  };
  enter(chain);
  // From within, so that it is the directory that was entered whose file system is asked for.
  if (seen.dev !== above.place.dev && isKernelType(statfsSync('.', { bigint: true })))
    return { kind: 'special' };
  return { kind: 'directory', directory: createDirectory(chain) };
}

/** Opens a file and proves that it is the one that was seen: a link swapped in leads to another inode. */
function openSeen(path: PathLike, seen: BigIntStats): Found {
  const descriptor = openSync(path, READ);
  const stats = fstatSync(descriptor);
  if (stats.isFile() && samePlace(fstatSync(descriptor, { bigint: true }), seen)) {
    return fileFound(descriptor, stats);
  }
  closeSync(descriptor);
  return stats.isFile() ? { kind: 'missing', reason: 'ESTALE' } : { kind: 'special' };
}

function samePlace(a: Place, b: Place): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** `./` keeps a name that begins with a dash or a drive letter a name. */
function entryPath(name: Name): PathLike {
  const path = `./${name}`;
  return WINDOWS || isAscii(name) ? path : Buffer.from(path, 'latin1');
}

/** chdir takes text only, so a directory whose name is not UTF-8 cannot be entered this way. */
function directoryStep(name: Name): string | undefined {
  if (WINDOWS || isAscii(name)) return `./${name}`;
  const text = Buffer.from(name, 'latin1').toString('utf8');
  return text.includes('\u{FFFD}') ? undefined : `./${text}`;
}

function linkTarget(path: PathLike): Name {
  return nameFromDisk(WINDOWS ? readlinkSync(path) : readlinkSync(path, 'latin1'));
}
