import { opendirSync } from 'node:fs';

import { LIMITS } from '../../policy.ts';
import { ABSENT, isSame, lookAt, type Stamp, stampOf, UNSETTLED } from './stamp.ts';

/** A path on the host as bytes, one character each: names in `.git` need not be UTF-8. */
export type HostBytes = string;

export function hostBytes(path: string): HostBytes {
  return Buffer.from(path).toString('latin1');
}

export function hostPath(bytes: HostBytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** Lets other calls in between, and counts: a hostile tree has no end. */
export interface Pace {
  /** False when there were too many entries. */
  step(): boolean;
  /** False when there were too many directories, or their paths are too long to be kept. */
  enter(path: HostBytes): boolean;
  /** Gives the thread away when it was held for long. */
  rest(): Promise<void>;
}

/** Milliseconds after which the thread is given away. */
const HELD_MS = 8;

export function createPace(signal: AbortSignal): Pace {
  let [entries, directories, pathBytes] = [0, 0, 0];
  let since = performance.now();
  return {
    step: () => (entries += 1) <= LIMITS.inspectEntriesMax,
    enter(path) {
      directories += 1;
      pathBytes += path.length;
      return directories <= LIMITS.inspectDirectoriesMax && pathBytes <= LIMITS.inspectPathBytesMax;
    },
    async rest() {
      signal.throwIfAborted();
      if (performance.now() - since < HELD_MS) return;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      since = performance.now();
    },
  };
}

export type TreeProblem = 'link' | 'special' | 'crowded' | 'unreadable';

export interface TreeWatch {
  /** The directories that were seen, each with its stamp of that time. */
  readonly directories: Map<HostBytes, Stamp>;
}

/**
 * Looks through a directory of git's that is handed to git as a whole (`refs`, `logs`):
 * only directories and plain files may stand in it. A directory that is known and has not changed is
 * not listed again: a new entry changes the time of the directory that it stands in.
 */
export async function inspectTree(
  top: HostBytes,
  watch: TreeWatch,
  pace: Pace,
  onProblem: (where: HostBytes, problem: TreeProblem) => void,
): Promise<void> {
  const waiting = [top];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    await pace.rest();
    const stats = lookAt(hostPath(path));
    if (stats === 'absent') {
      // What is handed over before it is there has to be looked at when it appears.
      if (path === top) watch.directories.set(path, ABSENT);
      else watch.directories.delete(path);
      continue;
    }
    if (typeof stats === 'string' || !stats.isDirectory()) {
      watch.directories.delete(path);
      onProblem(path, problemOf(stats));
      continue;
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    const found = await listPlain(path, pace);
    for (const problem of found.problems) onProblem(problem.where, problem.problem);
    watch.directories.set(path, found.problems.length === 0 ? stampOf(stats) : '');
    if (isCrowded(found)) return;
    const unknown = found.directories.filter((inner) => !isKnown(watch, inner));
    for (const inner of unknown) waiting.push(inner);
  }
}

/** It is refused for that, whatever the rest holds. */
function isCrowded({ problems }: PlainListing): boolean {
  return problems.some(({ problem }) => problem === 'crowded');
}

/** What is wrong with what is no directory. Where we cannot look, git may still get by a shorter way. */
function problemOf(stats: Exclude<ReturnType<typeof lookAt>, 'absent'>): TreeProblem {
  if (stats === 'unreadable') return 'unreadable';
  return stats.isSymbolicLink() ? 'link' : 'special';
}

/** Directories of a watch that changed since they were looked at. All are asked: git goes into each of them. */
export async function changedDirectories(
  { directories }: TreeWatch,
  pace: Pace,
): Promise<readonly HostBytes[]> {
  const changed: HostBytes[] = [];
  let asked = 0;
  for (const [path, stamp] of directories) {
    // What is found besides has to fit beside them.
    pace.enter(path);
    if (!isSame(stamp, stampNow(path))) changed.push(path);
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    if ((asked += 1) % REST_EACH === 0) await pace.rest();
  }
  return changed;
}

/** Directories that are asked, and entries that are read, before others may have the thread. */
const REST_EACH = 64;

function isKnown(watch: TreeWatch, path: HostBytes): boolean {
  const stamp = watch.directories.get(path);
  return stamp !== undefined && isSame(stamp, stampNow(path));
}

function stampNow(path: HostBytes): Stamp {
  const stats = lookAt(hostPath(path));
  if (stats === 'unreadable') return UNSETTLED;
  return stats === 'absent' ? ABSENT : stampOf(stats);
}

export interface PlainListing {
  readonly files: number;
  readonly directories: readonly HostBytes[];
  readonly problems: readonly { readonly where: HostBytes; readonly problem: TreeProblem }[];
}

/** Entries of one directory by the kind that the directory itself says, without asking each. */
export async function listPlain(path: HostBytes, pace: Pace): Promise<PlainListing> {
  const directories: HostBytes[] = [];
  const problems: { where: HostBytes; problem: TreeProblem }[] = [];
  let [files, read] = [0, 0];
  try {
    for (const entry of entriesOf(path)) {
      // oxlint-disable-next-line no-await-in-loop -- one entry after the other, by intent
      if ((read += 1) % REST_EACH === 0) await pace.rest();
      if (!fits(entry, pace)) {
        problems.push({ where: path, problem: 'crowded' });
        break;
      }
      if (entry.kind === 'file') files += 1;
      else if (entry.kind === 'directory') directories.push(entry.path);
      else problems.push({ where: entry.path, problem: entry.kind });
      if (problems.length > LIMITS.findingsMax) break;
    }
  } catch {
    // The call is over.
    await pace.rest();
    if (lookAt(hostPath(path)) !== 'absent') problems.push({ where: path, problem: 'unreadable' });
  }
  return { files, directories, problems };
}

function fits({ kind, path }: PlainEntry, pace: Pace): boolean {
  return pace.step() && (kind !== 'directory' || pace.enter(path));
}

export interface PlainEntry {
  readonly name: HostBytes;
  readonly path: HostBytes;
  readonly kind: 'file' | 'directory' | 'link' | 'special';
}

/**
 * Names of a directory, some at a time: a directory of a million names is never held as a whole. Throws for
 * one that can be listed and not be entered as well (by the dot, which has to be looked up within): what it
 * names cannot be read.
 */
export function* entriesOf(path: HostBytes): Generator<PlainEntry, void, undefined> {
  const directory = opendirSync(hostPath(`${path}/.`), { encoding: 'latin1', bufferSize: 256 });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      yield { name: entry.name, path: `${path}/${entry.name}`, kind: kindOf(entry) };
    }
  } finally {
    directory.closeSync();
  }
}

function kindOf(entry: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): PlainEntry['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'special';
}
