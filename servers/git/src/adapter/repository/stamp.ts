import { type BigIntStats, lstatSync } from 'node:fs';

/** By what a later call knows that a file or a directory is still the one that was looked at. */
export type Stamp = string;

/** A stamp that no later one equals, so that the thing is looked at again. */
export const UNSETTLED: Stamp = '';

/** Nothing stands there. */
export const ABSENT: Stamp = '-';

/**
 * File systems keep time in ticks: what is changed twice in one tick looks as if it was changed once.
 * Anything this young, in milliseconds, is looked at again by the next call. A time of whole seconds may
 * come from a file system that knows no others (two seconds on FAT).
 */
const SETTLED_MS = 50;
const SETTLED_COARSE_MS = 2100;
const NANOSECONDS = 1_000_000_000n;

export function lstatOrNothing(path: string | Buffer): BigIntStats | undefined {
  const found = lookAt(path);
  // EACCES, a name that is too long: there is nothing that could be used.
  return typeof found === 'string' ? undefined : found;
}

/**
 * What stands at a path. `unreadable` is not `absent`: a path that is too long for us can be short enough
 * for a git that gets there by a shorter one.
 */
export function lookAt(path: string | Buffer): BigIntStats | 'absent' | 'unreadable' {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? 'absent';
  } catch {
    return 'unreadable';
  }
}

/** The stamp of what stands at a path now. A link is stamped itself, not what it leads to. */
export function stampAt(path: string | Buffer): Stamp {
  const stats = lstatOrNothing(path);
  return stats === undefined ? ABSENT : stampOf(stats);
}

export function stampOf(stats: BigIntStats): Stamp {
  const changedNs = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  const settled = changedNs % NANOSECONDS === 0n ? SETTLED_COARSE_MS : SETTLED_MS;
  // A time in the future is a skewed clock, and tells nothing about what comes after.
  if (Date.now() - Number(changedNs / 1_000_000n) < settled) return UNSETTLED;
  const { dev, ino, mode, size, mtimeNs, ctimeNs } = stats;
  return [dev, ino, mode, size, mtimeNs, ctimeNs].map(String).join(':');
}

/** True only when both were seen at rest. */
export function isSame(before: Stamp, now: Stamp): boolean {
  return before !== UNSETTLED && before === now;
}

/** Which file stands at a path, and in which state. For files of ours, which nobody changes in place. */
export type Identity = string;

export function identityAt(path: string): Identity {
  const stats = lstatOrNothing(path);
  if (stats === undefined) return ABSENT;
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].map(String).join(':');
}
