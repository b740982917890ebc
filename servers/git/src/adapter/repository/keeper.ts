import { join } from 'node:path';

import { LIMITS } from '../../policy.ts';
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
import { ownBytes } from './own-bytes.ts';
import type { PrivateRoot } from './private-root.ts';
import { createReport } from './report.ts';
import { createRetired } from './retired.ts';
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

export interface KeeperBytes {
  readonly privateBytesMax: number;
  readonly retiredBytesMax: number;
}

export function createKeeper(options: BuilderOptions, bytes: KeeperBytes = LIMITS): Keeper {
  const places = new Map<string, Place>();
  const builder = createBuilder(options);
  const retired = createRetired((directory) => options.privateRoot.drop(directory), {
    bytesMax: bytes.retiredBytesMax,
    keptMs: IDLE_MS,
  });
  /** Ends what runs on a state. */
  const retire = ({ profile, prepared }: Kept): void => {
    options.onOver(profile);
    retired.add(prepared.directory);
  };

  const letGo = (place: Place): void => {
    if (place.kept !== undefined) retire(place.kept);
    place.kept = undefined;
  };

  const openIn = async (place: Place, layout: Layout, run: Run): Promise<Opened> => {
    const { kept } = place;
    // Taken away meanwhile: a look that is broken off leaves half of a change unseen.
    place.kept = undefined;
    let isUsable = false;
    try {
      isUsable = kept !== undefined && (await isFresh(kept, layout, run, options.privateRoot));
    } finally {
      if (kept !== undefined && !isUsable) retire(kept);
    }
    const usable = kept !== undefined && isUsable ? kept : await builder.build(layout, run);
    place.kept = usable;
    if (usable !== kept) tooMany(places, usable, bytes.privateBytesMax).forEach(letGo);
    return ofThisCall(usable);
  };

  return {
    inspect: builder.inspect,
    forget({ directory }) {
      const place = places.get(directory);
      if (place !== undefined) letGo(place);
    },
    async open(layout, run) {
      const place = placeOf(places, layout.directory);
      evict(places, letGo);
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

function placeOf(places: Map<string, Place>, directory: string): Place {
  const place = places.get(directory) ?? { kept: undefined, turn: Promise.resolve(), usedAt: 0 };
  place.usedAt = performance.now();
  // The one that was used last stands last.
  places.delete(directory);
  places.set(directory, place);
  return place;
}

function evict(places: Map<string, Place>, letGo: (place: Place) => void): void {
  for (const [directory, place] of places) {
    if (places.size <= PLACES_MAX || performance.now() - place.usedAt < IDLE_MS) return;
    places.delete(directory);
    letGo(place);
  }
}

/** States that were not used for longest, of which all together with a new one are too large. */
function tooMany(places: Map<string, Place>, newest: Kept, bytesMax: number): readonly Place[] {
  let held = ownBytes(newest.prepared.directory);
  return [...places.values()].toReversed().filter((place) => {
    if (place.kept === undefined || place.kept === newest) return false;
    held += ownBytes(place.kept.prepared.directory);
    return held > bytesMax;
  });
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
