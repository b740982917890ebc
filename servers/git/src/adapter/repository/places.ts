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
 * of a directory between a look and a use, and put it back. What was moved, and the directory in which it
 * stands, have a time of change that no program can set, so that it is seen before anything is answered.
 * Of `.git` and of what is in it this is not sure: there entries come and go while somebody works, and
 * who makes one after the move makes it look like that.
 */
export interface Places {
  /** Refuses `repository.moved` when one of them was moved or exchanged since. */
  confirm(): void;
  /**
   * Whether an entry came, went or was moved in a directory of the work tree on the way to one of these.
   *
   * @param paths as answers show them.
   * @param since milliseconds since 1970.
   */
  hasChanged(paths: Iterable<string>, since: number): boolean;
}

/** Kernels keep times of files by a clock that is behind by one tick at most, in milliseconds. */
const TICK_MS = 10;
const NANOSECONDS_OF_MS = 1_000_000n;

export function watchPlaces(layout: Layout): Places {
  const before = new Map(Array.from(placesOf(layout), (path) => [path, lstatOrNothing(path)]));
  const above = aboveOf(layout.directory, layout);
  const confirm = (): void => {
    for (const [path, then] of before) {
      const now = lstatOrNothing(path);
      if (isMoved(then, now)) refuseMoved();
      // Others seldom make or remove something beside a repository; an exchange of it cannot be hidden here.
      if (above.has(path) && now?.ctimeNs !== then?.ctimeNs) refuseMoved();
    }
  };
  confirm();
  return {
    confirm,
    hasChanged(paths, since) {
      const { workTree } = layout;
      if (workTree === undefined) return false;
      const from = BigInt(since - TICK_MS) * NANOSECONDS_OF_MS;
      const top = hostBytes(workTree);
      const seen = new Set<string>();
      for (const path of paths) {
        for (const directory of onTheWay(top, byteStringFromText(path), seen)) {
          const now = lstatOrNothing(hostPath(directory));
          if (now !== undefined && now.ctimeNs >= from) return true;
        }
      }
      return false;
    },
  };
}

export function refuseMoved(): never {
  return refuse('repository.moved');
}

/** From the root down to what git is shown as a whole, each directory once. */
function placesOf(layout: Layout): ReadonlySet<string> {
  const { directory, gitDir, commonDir } = layout;
  const shown = ['objects', 'objects/pack', 'refs'].map((name) => join(commonDir, name));
  const leaves = [directory, gitDir, commonDir, ...shown];
  return new Set(leaves.flatMap((leaf) => [leaf, ...aboveOf(leaf, layout)]));
}

/** The directories above one, up to the root. */
function aboveOf(leaf: string, { directory, bounds: [root = directory] }: Layout): Set<string> {
  const above = new Set<string>();
  if (leaf === root) return above;
  for (let path = dirname(leaf); isWithin([root], path); path = dirname(path)) above.add(path);
  return above;
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

/** The directories in which a path stands, as bytes, the highest last, those that were not seen before. */
function* onTheWay(top: string, path: string, seen: Set<string>): Generator<string> {
  let place = `${top}/${path.replace(/\/$/, '')}`;
  while (place !== top) {
    place = place.slice(0, place.lastIndexOf('/'));
    if (seen.has(place)) return;
    seen.add(place);
    yield place;
  }
}
