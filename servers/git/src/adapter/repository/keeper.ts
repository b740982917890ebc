import { join } from 'node:path';

import type { Run } from '../handle.ts';
import {
  type Builder,
  type BuilderOptions,
  createBuilder,
  type Kept,
  type Opened,
} from './building.ts';
import { freshen } from './freshness.ts';
import type { Layout } from './layout.ts';
import { operationIn } from './operation.ts';
import type { PrivateRoot } from './private-root.ts';
import { createReport } from './report.ts';
import { lstatOrNothing } from './stamp.ts';
import { warningsOf } from './warnings.ts';

/** Keeps private directories of repositories between calls, and judges again what changed. */
export interface Keeper {
  /** Refuses `repository.refused`, `repository.broken` and `repository.too_large`. */
  open(layout: Layout, run: Run): Promise<Opened>;
  /** Lets go of what is kept of a repository: the next call begins anew. */
  forget(layout: Layout): void;
  readonly inspect: Builder['inspect'];
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

export function createKeeper(options: BuilderOptions): Keeper {
  const places = new Map<string, Place>();
  const builder = createBuilder(options);

  const openIn = async (place: Place, layout: Layout, run: Run): Promise<Opened> => {
    const { kept } = place;
    // Taken away meanwhile: a look that is broken off leaves half of a change unseen.
    place.kept = undefined;
    let isUsable = false;
    try {
      isUsable = kept !== undefined && (await isFresh(kept, layout, run, options.privateRoot));
    } finally {
      if (kept !== undefined && !isUsable) retire(kept, options);
    }
    const usable = kept !== undefined && isUsable ? kept : await builder.build(layout, run);
    place.kept = usable;
    return ofThisCall(usable);
  };

  return {
    inspect: builder.inspect,
    forget({ directory }) {
      const place = places.get(directory);
      if (place?.kept !== undefined) retire(place.kept, options);
      if (place !== undefined) place.kept = undefined;
    },
    async open(layout, run) {
      const place = placeOf(places, layout.directory);
      evict(places, options);
      return inTurn(place, () => openIn(place, layout, run));
    },
  };
}

/** True when what was judged may go on. Refuses, and forgets the state, when something new leads outside. */
async function isFresh(
  kept: Kept,
  layout: Layout,
  { signal }: Run,
  privateRoot: PrivateRoot,
): Promise<boolean> {
  const { prepared } = kept;
  if (JSON.stringify(layout) !== JSON.stringify(prepared.layout)) return false;
  // Hosts clean their directory for temporary files, now and then below a running server.
  if (!privateRoot.holds(prepared.directory)) return false;
  if (lstatOrNothing(join(prepared.common, 'config')) === undefined) return false;
  const now = performance.now();
  const thorough = now - kept.thoroughAt >= THOROUGH_MS;
  const report = createReport();
  const freshness = await freshen(prepared, report, { thorough, signal });
  if (thorough) kept.thoroughAt = now;
  // What is wrong now is found again by a whole inspection, which refuses with all of it.
  return freshness === 'fresh' && !report.refused;
}

function ofThisCall({ prepared, profile, index, merges }: Kept): Opened {
  const operation = operationIn(prepared.layout.gitDir);
  const warnings = warningsOf(prepared, index.known());
  return { prepared, index, merges, profile: { ...profile, operation, warnings } };
}

/** Ends what runs on a state. Its directory stays a while: a command of another call may read it. */
function retire(kept: Kept, { privateRoot, onOver }: BuilderOptions): void {
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

function evict(places: Map<string, Place>, options: BuilderOptions): void {
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
