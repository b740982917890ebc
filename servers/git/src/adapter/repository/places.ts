import type { BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';

import { byteStringFromText } from '@secure-mcp/validation';

import { refuse } from '../../guard/refusals.ts';
import { isWithin, type Layout } from './layout.ts';
import { hostBytes, hostPath } from './plain-tree.ts';
import { lstatOrNothing } from './stamp.ts';

/**
 * The directories of a repository as they stood when a call began.
 *
 * git and we name them by their paths, and whoever may write beneath the root can put a link in the place
 * of a directory between a look and a use, and put it back. What was moved has a time of change that no
 * program can set, so that it is seen afterwards, before anything is answered. It is not seen when an
 * entry is made in the same directory afterwards: that makes it look like one in which somebody works.
 */
export interface Places {
  /** Refuses `repository.refused` when one of them was moved or exchanged since. */
  confirm(): void;
  /**
   * The same for files of the work tree, and the directories on the way to them.
   *
   * @param paths as answers show them.
   */
  confirmFiles(paths: Iterable<string>): void;
}

/** Kernels keep times of files by a clock that is behind by one tick at most, in milliseconds. */
const TICK_MS = 10;
const NANOSECONDS_OF_MS = 1_000_000n;

export function watchPlaces(layout: Layout): Places {
  const since = BigInt(Date.now() - TICK_MS) * NANOSECONDS_OF_MS;
  const before = new Map(placesOf(layout).map((path) => [path, lstatOrNothing(path)]));
  const confirm = (): void => {
    for (const [path, then] of before) if (isMoved(then, lstatOrNothing(path))) refuseMoved();
  };
  confirm();
  return {
    confirm,
    confirmFiles(paths) {
      const { workTree } = layout;
      if (workTree === undefined) return;
      const seen = new Set<string>([hostBytes(workTree)]);
      for (const path of paths) {
        for (const place of onTheWay(hostBytes(workTree), byteStringFromText(path), seen)) {
          const now = lstatOrNothing(hostPath(place));
          if (now !== undefined && cameSince(now, since)) refuseMoved();
        }
      }
    },
  };
}

function refuseMoved(): never {
  return refuse('repository.refused', { detail: 'a directory was moved while it was read' });
}

/** From the root down to what git is shown as a whole, each directory once. */
function placesOf({ directory, gitDir, commonDir, bounds }: Layout): readonly string[] {
  const [root = directory] = bounds;
  const shown = ['objects', 'objects/pack', 'refs'].map((name) => join(commonDir, name));
  const places = new Set<string>();
  for (const leaf of [directory, gitDir, commonDir, ...shown]) {
    places.add(leaf);
    for (let path = dirname(leaf); path !== root && isWithin([root], path); path = dirname(path))
      places.add(path);
  }
  return [...places];
}

/**
 * Whether a directory is another one than before, or was away meanwhile: a rename sets the time of change
 * of what is renamed, and not the time at which its content changed.
 */
function isMoved(then: BigIntStats | undefined, now: BigIntStats | undefined): boolean {
  if (now !== undefined && !now.isDirectory()) return true;
  if (then === undefined) return false;
  if (now?.ino !== then.ino || now.dev !== then.dev) return true;
  return now.ctimeNs !== then.ctimeNs && now.mtimeNs === then.mtimeNs;
}

/** Whether what is older than the call was put in its place during it. Of a link any new one counts. */
function cameSince(now: BigIntStats, since: bigint): boolean {
  return now.ctimeNs >= since && (now.isSymbolicLink() || now.mtimeNs < since);
}

/** A path and the directories on the way to it, as bytes, those that were not seen before. */
function* onTheWay(top: string, path: string, seen: Set<string>): Generator<string> {
  // A directory of untracked files ends with a slash, which would follow a link.
  const whole = `${top}/${path.replace(/\/$/, '')}`;
  for (let place = whole; !seen.has(place); place = place.slice(0, place.lastIndexOf('/'))) {
    seen.add(place);
    yield place;
  }
}
