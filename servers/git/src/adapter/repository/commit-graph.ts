import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

import { LIMITS } from '../../policy.ts';
import type { Profile } from '../handle.ts';
import { environmentOf } from '../process/environment.ts';
import { makeExpendable } from '../process/memory.ts';
import { isGoneInTime } from '../process/gone.ts';
import type { ObjectStore } from './object-stores.ts';
import { type Prepared, showConfig } from './prepare.ts';
import { lstatOrNothing } from './stamp.ts';

/**
 * Writes commit-graphs of large repositories into their private stores, in the background: with one,
 * `merge-base` and `log -- PATH` need not read thousands of commits and trees. The repository's own graph
 * is never believed, because nothing in it is checked against the commits.
 */
export interface Graphs {
  /** Writes one later if it pays. One at a time. */
  consider(prepared: Prepared, profile: Profile): void;
  /** Ends what is being written. False when it does not let go. */
  close(): Promise<boolean>;
}

/** Milliseconds for one graph, and before it is begun: the call that opened the repository goes first. */
const WRITE_MS = 60_000;
const DELAY_MS = 500;

/** Of the objects of a repository a fourth or less are commits. */
const OBJECTS_OF_A_COMMIT = 4;

/** The quick part first. The second one lets `log -- PATH` skip commits whose paths are others. */
const STEPS: readonly (readonly string[])[] = [[], ['--changed-paths']];

/** @param holds whether a directory is still there, and ours. */
export function createGraphs(holds: (directory: string) => boolean): Graphs {
  let closed = false;
  let running: ChildProcess | undefined;
  let turn: Promise<void> = Promise.resolve();

  const write = async (prepared: Prepared, profile: Profile): Promise<void> => {
    for (const options of STEPS) {
      // The repository may have changed so far that this directory is gone.
      if (closed || !holds(prepared.directory)) return;
      running = startQuietly(profile, options);
      // oxlint-disable-next-line no-await-in-loop -- one step after the other, by intent
      await ended(running);
      const graph = join(prepared.common, 'objects', 'info', 'commit-graph');
      if (lstatOrNothing(graph) !== undefined) showConfig(prepared, { hasGraph: true });
    }
  };

  return {
    consider(prepared, profile) {
      const wanted = LIMITS.graphCommitsMin * OBJECTS_OF_A_COMMIT;
      if (closed || objectsIn(prepared.stores, profile) < wanted) return;
      const begin = (): void => {
        turn = turn.then(() => write(prepared, profile)).catch(() => undefined);
      };
      setTimeout(begin, DELAY_MS).unref();
    },
    async close() {
      closed = true;
      running?.kill('SIGKILL');
      return isGoneInTime(turn);
    },
  };
}

/** How many objects the packs hold, by the sizes of their indexes, which have a fixed part for each. */
function objectsIn(stores: readonly ObjectStore[], { objectFormat }: Profile): number {
  const entryBytes = (objectFormat === 'sha1' ? 20 : 32) + 8;
  let objects = 0;
  for (const { path, parts } of stores) {
    if (!parts.has('pack')) continue;
    const pack = join(path, 'pack');
    for (const name of namesIn(pack).filter((file) => file.endsWith('.idx'))) {
      objects += Number(lstatOrNothing(join(pack, name))?.size ?? 0n) / entryBytes;
    }
  }
  return objects;
}

/** None of a directory that went away meanwhile: a graph is not worth a refused call. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Not through the queue of commands, which is for calls that somebody waits for. */
function startQuietly(profile: Profile, options: readonly string[]): ChildProcess {
  const { binary, gitDir } = profile;
  const env = environmentOf(profile, { refreshes: false });
  const settings = Number(env['GIT_CONFIG_COUNT']);
  const child = spawn(
    binary,
    ['commit-graph', 'write', '--reachable', '--no-progress', ...options],
    {
      cwd: gitDir,
      env: {
        ...env,
        GIT_CONFIG_COUNT: String(settings + 1),
        [`GIT_CONFIG_KEY_${settings}`]: 'core.commitGraph',
        [`GIT_CONFIG_VALUE_${settings}`]: 'true',
      },
      stdio: 'ignore',
      timeout: WRITE_MS,
      killSignal: 'SIGKILL',
    },
  );
  child.unref();
  makeExpendable(child);
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It is over already, or the system does not let us.
  }
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}
