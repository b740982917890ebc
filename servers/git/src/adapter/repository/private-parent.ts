import { type BigIntStats, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

import { lstatOrNothing } from './stamp.ts';

const GROUP_WRITES = 0o020n;
const OTHERS_WRITE = 0o002n;
const STICKY = 0o1000n;

/** Where the private directory is to be made, by its real path. Undefined is the host's directory for temporary files. */
export function privateParentOf(wanted: string | undefined): string | undefined {
  try {
    const real = realpathSync.native(wanted ?? tmpdir());
    return lstatOrNothing(real)?.isDirectory() === true ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Why no private directory can be made there: told when the server starts. */
export function privateParentProblem(wanted: string | undefined): string | undefined {
  const real = privateParentOf(wanted);
  if (real === undefined) return 'is not a directory that can be opened';
  return isOpenToOthers(real)
    ? 'others may write there, or above it, without the sticky bit; name another directory'
    : undefined;
}

/**
 * True when another user could move the private directory away and put one of their own in its place,
 * with settings that git would run: in a directory that others may write, names are anybody's, unless
 * its sticky bit is set. The same is true of every directory above.
 */
function isOpenToOthers(directory: string): boolean {
  if (process.getuid === undefined) return false;
  for (let path = directory; ; path = dirname(path)) {
    const stats = lstatOrNothing(path);
    if (stats === undefined || letsOthersMove(stats)) return true;
    if (path === dirname(path)) return false;
  }
}

/** A user's own group is that user, as a rule, and root's is root. */
function letsOthersMove({ mode, gid }: BigIntStats): boolean {
  if ((mode & STICKY) !== 0n) return false;
  if ((mode & OTHERS_WRITE) !== 0n) return true;
  return (mode & GROUP_WRITES) !== 0n && gid !== 0n && gid !== BigInt(process.getgid?.() ?? 0);
}
