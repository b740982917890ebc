import { join } from 'node:path';

import type { RefName } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { RefFiles, RefState } from '../handle.ts';
import { PIECES } from './pieces.ts';
import { refuseMoved } from './places.ts';
import { readPlain } from './plain-file.ts';
import { entriesOf, hostBytes, type HostBytes, hostPath, type PlainEntry } from './plain-tree.ts';
import type { Prepared } from './prepare.ts';
import { lstatOrNothing, type Stamp, stampAt, UNSETTLED } from './stamp.ts';

/**
 * Files and directories of refs of which each is asked for its times. git itself answers sooner where
 * there are more.
 */
const ASKED_MAX = 256;

/** The refs of a repository as files. Refs in tables are git's alone: of those there is no state and no log. */
export function refFilesOf(prepared: Prepared): RefFiles {
  return {
    state: (before) => stateOf(prepared, before),
    log: (name) => logOf(prepared, name),
    isShadowed: (name) => isShadowed(prepared, name),
  };
}

/** Directories were asked when the call began, files are asked now: before git reads any of them. */
function stateOf(prepared: Prepared, before: RefState | undefined): RefState | undefined {
  const directories = directoriesOf(prepared);
  // With tables, no HEAD was taken.
  const head = prepared.taken.get(PIECES.head)?.stamp ?? UNSETTLED;
  const stamps: Stamp[] = [head, prepared.packed.stamp];
  for (const stamp of directories.values()) stamps.push(stamp);
  if (directories.size > ASKED_MAX || stamps.includes(UNSETTLED)) return undefined;
  const listed = stamps.join('\n');
  // What was made or removed has changed the time of the directory that it stands in.
  const files = before?.listed === listed ? before.files : filesIn([...directories.keys()]);
  if (files === undefined) return undefined;
  const asked = files.map((file) => stampAt(hostPath(file)));
  return asked.includes(UNSETTLED) ? undefined : { listed, files, stamps: asked.join('\n') };
}

function directoriesOf({ layout, trees }: Prepared): ReadonlyMap<HostBytes, Stamp> {
  const tops = [layout.commonDir, layout.gitDir].map((base) => hostBytes(join(base, 'refs')));
  return new Map(
    [...trees.directories].filter(([path]) =>
      tops.some((top) => path === top || path.startsWith(`${top}/`)),
    ),
  );
}

/** Undefined where there are too many, or where something changes just now. */
function filesIn(directories: readonly HostBytes[]): readonly HostBytes[] | undefined {
  const files: HostBytes[] = [];
  try {
    for (const { kind, path } of entriesIn(directories)) {
      // It is one of those that are asked themselves.
      if (kind === 'directory') continue;
      if (kind !== 'file' || directories.length + files.length >= ASKED_MAX) return undefined;
      files.push(path);
    }
    return files;
  } catch {
    return undefined;
  }
}

function* entriesIn(directories: readonly HostBytes[]): Generator<PlainEntry, void> {
  for (const directory of directories) {
    if (lstatOrNothing(hostPath(directory)) !== undefined) yield* entriesOf(directory);
  }
}

function logOf({ layout, taken }: Prepared, name: RefName): Buffer | undefined {
  if (!taken.has(PIECES.head)) return undefined;
  const isHead = name === 'HEAD';
  const base = isHead ? layout.gitDir : layout.commonDir;
  const steps = name.split('/');
  const file = readPlain(base, ['logs', ...steps], LIMITS.logBytesMax);
  // It was a plain file when the call began. git would follow a link, and wait for a pipe.
  if (file.kind === 'problem' && (file.problem === 'link' || file.problem === 'special'))
    return refuseMoved();
  return file.kind === 'file' ? file.bytes : undefined;
}

/** Paths that git takes to another work tree, whatever stands there. */
const ELSEWHERE = /^(?:refs|worktrees|main-worktree)\//;

function isShadowed({ directory, common }: Prepared, name: string): boolean {
  if (ELSEWHERE.test(name)) return true;
  return [directory, common].some((base) => lstatOrNothing(join(base, name)) !== undefined);
}
