import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Profile, Run } from '../handle.ts';
import { ownBytes } from './own-bytes.ts';
import { packObjects } from './pack-objects.ts';
import { createPace, entriesOf, hostBytes } from './plain-tree.ts';
import type { Prepared } from './prepare.ts';
import { isSame, lstatOrNothing, type Stamp, UNSETTLED } from './stamp.ts';

/**
 * A store of objects for the one command that writes some, `merge-tree`.
 *
 * An object that git would write and that is there already is not written again: git sets its time
 * instead, so that it is not pruned soon. It does so also for what it only borrows, through links, and
 * with that a preview of a merge would change files of the repository. So this store borrows nothing. Each
 * pack is linked by itself and looks like one of leftovers (a file `.mtimes` beside it), whose time git
 * never sets; loose objects are there as a pack of ours.
 */
export interface MergeStore {
  /**
   * Brings the store up to date, and lets one command use it. What the command writes is gone afterwards:
   * each pair of commits has another result. Refuses `repository.too_large`.
   */
  use<Value>(run: Run, act: (profile: Profile) => Promise<Value>): Promise<Value>;
}

/** Packs of ours at most, before they are made anew as one. */
const PACKS_MAX = 16;

/** A directory of packs, that of the repository and ours. */
interface Copies {
  readonly directory: string;
  readonly synced: Map<string, Stamp>;
  /** Packs of ours. */
  packs: number;
  /** Commands that read it. */
  users: number;
}

export function createMergeStore(prepared: Prepared, profile: Profile): MergeStore {
  const { common } = prepared;
  let made = 0;
  const named = (name: string): string => join(common, `merge-${name}-${String((made += 1))}`);
  const anew = (): Copies => ({
    directory: named('objects'),
    synced: new Map(),
    packs: 0,
    users: 0,
  });
  let copies = anew();
  let turn: Promise<void> = Promise.resolve();

  const removeUnused = (old: Copies): void => {
    if (old.users === 0 && old !== copies) rmSync(old.directory, { recursive: true, force: true });
  };

  const sync = async (run: Run): Promise<void> => {
    if (isFull(copies)) {
      const old = copies;
      copies = anew();
      removeUnused(old);
    }
    const { directory, synced } = copies;
    makeSkeleton(directory, common);
    const changed = changedParts(prepared, synced);
    const loose = await looseIn(changed, run);
    if (loose.length > 0) {
      try {
        await packObjects(loose, { profile, run, to: join(directory, 'pack') });
      } catch (error) {
        removeUnfinished([join(common, 'objects', 'pack'), join(directory, 'pack')]);
        throw error;
      }
      copies.packs += 1;
    }
    for (const { path, isPack } of changed) if (isPack) linkPacks(path, join(directory, 'pack'));
    // Only now: a command that was stopped has packed nothing.
    for (const { path, stamp } of changed) synced.set(path, stamp);
  };

  return {
    async use(run, act) {
      const before = turn;
      turn = before.catch(() => undefined).then(() => sync(run));
      await turn;
      const used = copies;
      used.users += 1;
      const results = named('results');
      try {
        makeResults(results, used.directory);
        return await act({ ...profile, env: { ...profile.env, GIT_OBJECT_DIRECTORY: results } });
      } finally {
        rmSync(results, { recursive: true, force: true });
        used.users -= 1;
        removeUnused(used);
      }
    },
  };
}

function isFull({ directory, packs }: Copies): boolean {
  return packs >= PACKS_MAX || (packs > 0 && ownBytes(directory) > LIMITS.mergePacksBytesMax);
}

/** git leaves behind what it was killed over: a pack of all that it could write in its time. */
function removeUnfinished(directories: readonly string[]): void {
  for (const directory of directories) {
    if (lstatOrNothing(directory) === undefined) continue;
    for (const name of readdirSync(directory))
      if (name.startsWith('tmp_')) rmSync(join(directory, name), { force: true });
  }
}

/** A store in front of the copies, for one command. */
function makeResults(directory: string, copies: string): void {
  for (const inner of ['', 'info', 'pack']) mkdirSync(join(directory, inner), { mode: 0o700 });
  writeFileSync(join(directory, 'info', 'alternates'), `${copies}\n`, { mode: 0o600 });
}

function makeSkeleton(directory: string, common: string): void {
  if (lstatOrNothing(directory) !== undefined) return;
  for (const inner of ['', 'info', 'pack']) mkdirSync(join(directory, inner), { mode: 0o700 });
  // It need not be there yet (commit-graph.ts).
  const graph = join('info', 'commit-graph');
  symlinkSync(join(common, 'objects', graph), join(directory, graph));
}

interface Part {
  readonly path: string;
  readonly stamp: Stamp;
  readonly isPack: boolean;
}

function changedParts({ stores }: Prepared, synced: ReadonlyMap<string, Stamp>): readonly Part[] {
  return stores.flatMap(({ path: store, parts }) =>
    Array.from(parts, ([name, stamp]) => ({
      path: join(store, name),
      stamp,
      isPack: name === 'pack',
    })).filter(({ path, stamp }) => !isSame(synced.get(path) ?? UNSETTLED, stamp)),
  );
}

const OBJECT = /^[0-9a-f]{38}(?:[0-9a-f]{24})?$/;

/** Names of the loose objects in directories that changed; some may be packed already, which is no harm. */
async function looseIn(changed: readonly Part[], { signal }: Run): Promise<readonly string[]> {
  const pace = createPace(signal);
  const names: string[] = [];
  for (const { path, isPack } of changed) {
    if (isPack) continue;
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    await pace.rest();
    for (const { name } of entriesOf(hostBytes(path))) {
      if (OBJECT.test(name)) names.push(path.slice(-2) + name);
    }
    if (names.length > LIMITS.looseObjectsMax) {
      return refuse('repository.too_large', { detail: 'loose objects' });
    }
  }
  return names;
}

const PACK = /^pack-[0-9a-f]{40}(?:[0-9a-f]{24})?\.(?:pack|idx)$/;

function linkPacks(from: string, to: string): void {
  for (const { name, kind } of entriesOf(hostBytes(from))) {
    const isWanted = kind === 'file' && PACK.test(name);
    if (!isWanted || lstatOrNothing(join(to, name)) !== undefined) continue;
    // The mark first: git must see no pack of the repository without it.
    const mark = join(to, name.replace(/(?:pack|idx)$/, 'mtimes'));
    writeFileSync(mark, '', { mode: 0o600 });
    symlinkSync(join(from, name), join(to, name));
  }
}
