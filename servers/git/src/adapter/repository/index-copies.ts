import { rmSync } from 'node:fs';

import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';

/** Files that make up one copy, each of which stays for as long as somebody reads it. */
export interface Lease {
  /** Keeps a file as well. Refuses `git.busy` when it does not fit beside what others still read. */
  add(path: string, bytes: number, digest?: string): void;
  /** Lets go of one file. */
  drop(path: string): void;
  /** Another lease on the same files. */
  share(): Lease;
  release(): void;
}

/** Copies of one repository's index, in a bounded number of bytes. */
export interface IndexCopies {
  lease(): Lease;
  /** What was said of a file that is kept. */
  digestOf(path: string): string | undefined;
}

interface Kept {
  readonly bytes: number;
  readonly digest: string | undefined;
  holders: number;
}

export function createIndexCopies(bytesMax: number = LIMITS.indexCopiesBytesMax): IndexCopies {
  const files = new Map<string, Kept>();
  let total = 0;

  const hold = (path: string, bytes: number, digest: string | undefined): void => {
    const kept = files.get(path);
    if (kept !== undefined) {
      kept.holders += 1;
      return;
    }
    if (total + bytes > bytesMax) refuse('git.busy', { detail: 'copies of the index' });
    files.set(path, { bytes, digest, holders: 1 });
    total += bytes;
  };

  const letGo = (path: string): void => {
    const kept = files.get(path);
    if (kept === undefined) return;
    kept.holders -= 1;
    if (kept.holders > 0) return;
    files.delete(path);
    total -= kept.bytes;
    // A copy that was broken off, and the lock of a git that was killed while it refreshed the copy.
    for (const end of ['', '.new', '.lock']) rmSync(`${path}${end}`, { force: true });
  };

  const lease = (): Lease => {
    const held = new Set<string>();
    return {
      add(path, bytes, digest) {
        if (held.has(path)) return;
        hold(path, bytes, digest);
        held.add(path);
      },
      drop(path) {
        if (held.delete(path)) letGo(path);
      },
      share() {
        const other = lease();
        for (const path of held) other.add(path, 0);
        return other;
      },
      release() {
        for (const path of held) letGo(path);
        held.clear();
      },
    };
  };

  return {
    lease,
    digestOf: (path) => files.get(path)?.digest,
  };
}
