import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENVIRONMENT } from '../../policy.ts';
import type { Profile, Run } from '../handle.ts';
import { freshen } from './freshness.ts';
import type { RunGitFor } from './git-runs.ts';
import type { Layout } from './layout.ts';
import { operationIn } from './operation.ts';
import { type Prepared, prepare, profileOf, refuseBy } from './prepare.ts';
import { createIndexKeeper, type IndexKeeper } from './private-index.ts';
import type { PrivateRoot } from './private-root.ts';
import { createReport, type Report } from './report.ts';
import { warningsOf } from './warnings.ts';

/** A repository that may be read now. */
export interface Opened {
  readonly prepared: Prepared;
  /** Of this call: with the operation that is under way, and the warnings. */
  readonly profile: Profile;
  readonly index: IndexKeeper;
}

/** Keeps private directories of repositories between calls, and judges again what changed. */
export interface Keeper {
  /** Refuses `repository.refused`, `repository.broken` and `repository.too_large`. */
  open(layout: Layout, run: Run): Promise<Opened>;
  /** Looks at everything anew and hands out what was found, refused or not. All is gone afterwards. */
  inspect<Value>(
    layout: Layout,
    run: Run,
    use: (inspection: Inspection) => Value | Promise<Value>,
  ): Promise<Value>;
}

export interface Inspection {
  readonly prepared: Prepared;
  readonly report: Report;
  /** Works on copies only when the report refuses. */
  readonly profile: Profile;
}

export interface KeeperOptions {
  readonly privateRoot: PrivateRoot;
  /** Absolute. */
  readonly binary: string;
  readonly gitFor: RunGitFor;
  /** Called when a private directory was made that will be used. */
  onMade(prepared: Prepared, profile: Profile): void;
  /** Called when a state is over: long-lived processes that were started on it have to end. */
  onOver(profile: Profile): void;
}

interface Kept extends Opened {
  thoroughAt: number;
}

interface Place {
  kept: Kept | undefined;
  /** One call after the other looks at a repository. */
  turn: Promise<void>;
  usedAt: number;
}

const THOROUGH_MS = 1000;
/** Repositories that are kept open, and how long one is that nobody asks for, in milliseconds. */
const PLACES_MAX = 32;
const IDLE_MS = 60_000;

export function createKeeper(options: KeeperOptions): Keeper {
  const places = new Map<string, Place>();
  const blank = createBlank(options);
  let prepared = 0;

  const prepareIn = async (layout: Layout, report: Report, run: Run): Promise<Prepared> => {
    prepared += 1;
    const name = String(prepared);
    const directory = options.privateRoot.make(name);
    const { signal } = run;
    const tools = { blank: blank(), report, git: options.gitFor(run), signal, name };
    try {
      return await prepare(layout, directory, tools);
    } catch (error) {
      options.privateRoot.drop(directory);
      throw error;
    }
  };

  const build = async (layout: Layout, run: Run): Promise<Kept> => {
    const report = createReport();
    const made = await prepareIn(layout, report, run);
    if (report.refused) {
      options.privateRoot.drop(made.directory);
      return refuseBy(report);
    }
    const profile = profileOf(made, made.directory, options.binary);
    const index = createIndexKeeper(layout.gitDir, profile);
    options.onMade(made, profile);
    return { prepared: made, profile, index, thoroughAt: performance.now() };
  };

  const openIn = async (place: Place, layout: Layout, run: Run): Promise<Opened> => {
    const { kept } = place;
    // Taken away meanwhile: a look that is broken off leaves half of a change unseen.
    place.kept = undefined;
    let isUsable = false;
    try {
      isUsable = kept !== undefined && (await isFresh(kept, layout, run));
    } finally {
      if (kept !== undefined && !isUsable) retire(kept, options);
    }
    const usable = kept !== undefined && isUsable ? kept : await build(layout, run);
    place.kept = usable;
    return ofThisCall(usable);
  };

  return {
    async inspect(layout, run, use) {
      const report = createReport();
      const made = await prepareIn(layout, report, run);
      try {
        const profile = profileOf(made, made.directory, options.binary);
        return await use({ prepared: made, report, profile });
      } finally {
        options.privateRoot.drop(made.directory);
      }
    },
    async open(layout, run) {
      const place = placeOf(places, layout.directory);
      evict(places, options);
      return inTurn(place, () => openIn(place, layout, run));
    },
  };
}

/** True when what was judged may go on. Refuses, and forgets the state, when something new leads outside. */
async function isFresh(kept: Kept, layout: Layout, { signal }: Run): Promise<boolean> {
  if (JSON.stringify(layout) !== JSON.stringify(kept.prepared.layout)) return false;
  const now = performance.now();
  const thorough = now - kept.thoroughAt >= THOROUGH_MS;
  const report = createReport();
  const freshness = await freshen(kept.prepared, report, { thorough, signal });
  if (thorough) kept.thoroughAt = now;
  // What is wrong now is found again by a whole inspection, which refuses with all of it.
  return freshness === 'fresh' && !report.refused;
}

function ofThisCall({ prepared, profile, index }: Kept): Opened {
  const operation = operationIn(prepared.layout.gitDir);
  const warnings = warningsOf(prepared, index.known());
  return { prepared, index, profile: { ...profile, operation, warnings } };
}

/** Ends what runs on a state. Its directory stays a while: a command of another call may read it. */
function retire(kept: Kept, { privateRoot, onOver }: KeeperOptions): void {
  onOver(kept.profile);
  setTimeout(() => privateRoot.drop(kept.prepared.directory), IDLE_MS).unref();
}

function placeOf(places: Map<string, Place>, directory: string): Place {
  const place = places.get(directory) ?? { kept: undefined, turn: Promise.resolve(), usedAt: 0 };
  place.usedAt = performance.now();
  // The one that was used last stands last.
  places.delete(directory);
  places.set(directory, place);
  return place;
}

function evict(places: Map<string, Place>, options: KeeperOptions): void {
  for (const [directory, place] of places) {
    if (places.size <= PLACES_MAX || performance.now() - place.usedAt < IDLE_MS) return;
    places.delete(directory);
    if (place.kept !== undefined) retire(place.kept, options);
  }
}

async function inTurn<Value>(place: Place, act: () => Promise<Value>): Promise<Value> {
  const before = place.turn;
  const { promise, resolve } = Promise.withResolvers<void>();
  place.turn = promise;
  await before;
  try {
    return await act();
  } finally {
    resolve();
  }
}

/** A repository of ours with nothing in it, for commands that need none. */
function createBlank({ privateRoot, binary }: KeeperOptions): () => Profile {
  let profile: Profile | undefined;
  return () => {
    if (profile !== undefined) return profile;
    const gitDir = privateRoot.make('blank');
    for (const inner of ['objects', 'refs']) mkdirSync(join(gitDir, inner), { mode: 0o700 });
    writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n', { mode: 0o600 });
    writeFileSync(join(gitDir, 'config'), '[core]\n\tbare = true\n', { mode: 0o600 });
    profile = {
      key: 'blank',
      gitDir,
      workTree: undefined,
      objectFormat: 'sha1',
      operation: undefined,
      env: { ...ENVIRONMENT, GIT_DIR: gitDir },
      binary,
      warnings: [],
    };
    return profile;
  };
}
