import { REVOCATION_BOUNDS } from '@secure-mcp/auth';

import type { SharedEntry } from './store.ts';

/** Entries that are published at most: the longest list, and the one that it took the place of. */
export const ENTRIES_MAX = 2 * REVOCATION_BOUNDS.entries;
/** Longest time that an entry is kept, in milliseconds. Whoever goes on publishing it renews it. */
export const KEPT_MS_MAX = 366 * 86_400_000;

/** Holds entries to their bounds. Cutting one would revoke something else. */
export function assertEntries(entries: readonly SharedEntry[]): void {
  for (const { text, until } of entries) {
    if (text.length > REVOCATION_BOUNDS.characters) throw new RangeError('an entry is too long');
    if (!Number.isFinite(until)) throw new RangeError('an entry has no end');
  }
}

/** Holds a time to live to what a clock can count; one that is no number would never end, or end at once. */
export function assertTtl(ttlMs: number): void {
  if (!Number.isFinite(ttlMs) || ttlMs < 1) throw new RangeError('a use has no time to live');
}
