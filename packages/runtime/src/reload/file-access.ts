import type { Stats } from 'node:fs';

/**
 * Bytes of one file of the operator's at most, which is room for the longest list of keys or
 * revocations. What is larger is a mistake or an attack.
 */
export const FILE_BYTES_MAX = 4_194_304;

export const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_GROUP = 0o040;
const READABLE_BY_ALL = 0o004;
const ROOT = 0;

/**
 * Says why a file may not decide who is let in, or undefined where it may.
 *
 * Whoever can write it lets in whom they like: it has to belong to us or to root, and nobody else may
 * write it. Whether others can put another in its place, `placeProblem` says. A secret may
 * be read by us only, and by a group where root gave it to that group: it is the rule that PostgreSQL
 * has for its keys, and what Kubernetes makes of a secret with `fsGroup` and `defaultMode: 0440`.
 */
export function accessProblem(stats: Stats, isSecret: boolean): string | undefined {
  // A pipe or a device cannot be read a second time.
  if (!stats.isFile()) return 'is not a plain file';
  // Windows has no owner and no mode to judge by.
  if (process.geteuid === undefined) return undefined;
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) return 'may be written by others (chmod go-w)';
  if (isSecret && readersOf(stats) !== 0) return 'holds a secret, and others may read it';
  if (stats.uid === ROOT) return undefined;
  if (stats.uid !== process.geteuid()) return 'belongs to somebody else than this process or root';
  return stats.nlink === 1 ? undefined : 'has a second name';
}

/** Who may read a secret without being meant to, as bits of its mode. */
export function readersOf({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): number {
  if (process.geteuid === undefined) return 0;
  return mode & (READABLE_BY_ALL | (uid === ROOT ? 0 : READABLE_BY_GROUP));
}
