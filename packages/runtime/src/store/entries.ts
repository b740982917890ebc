import type { SharedEntry } from './store.ts';

/** Entries that are published at most. */
export const ENTRIES_MAX = 10_000;
/** Characters of an entry at most: all replicas read all of them, again and again. */
const ENTRY_CHARACTERS_MAX = 1024;

/** Holds entries to their bounds. Cutting one would revoke something else. */
export function assertEntries(entries: readonly SharedEntry[]): void {
  for (const { text, until } of entries) {
    if (text.length > ENTRY_CHARACTERS_MAX) throw new RangeError('an entry is too long');
    if (!Number.isFinite(until)) throw new RangeError('an entry has no end');
  }
}

/** Holds a time to live to what a clock can count; one that is no number would never end, or end at once. */
export function assertTtl(ttlMs: number): void {
  if (!Number.isFinite(ttlMs) || ttlMs < 1) throw new RangeError('a use has no time to live');
}
