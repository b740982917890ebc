import { assertEntries, ENTRIES_MAX } from './entries.ts';
import type { RedisLink } from './redis-link.ts';
import { PUBLISH, PUBLISHED } from './redis-scripts.ts';
import type { SharedEntry, Store } from './store.ts';
import { StoreDown } from './store-down.ts';

/**
 * Entries in Redis. What one process has seen, it keeps until it ends, and publishes again where it
 * is missing: a Redis that forgets a revocation makes nothing valid again.
 */
export function createRedisEntries(
  link: RedisLink,
  key: string,
): Pick<Store, 'publish' | 'published'> {
  const seen = new Map<string, number>();

  const write = async (entries: readonly SharedEntry[]): Promise<void> => {
    const args = entries.flatMap(({ text, until }) => [String(Math.ceil(until)), text]);
    const fits = await link.ask((redis) => redis.eval(PUBLISH, 1, key, ENTRIES_MAX, ...args));
    if (fits !== 1) throw new StoreDown('too many entries');
  };

  const keep = (entries: readonly SharedEntry[]): void => {
    const now = Date.now();
    for (const { text, until } of entries) seen.set(text, Math.max(until, seen.get(text) ?? until));
    for (const [text, until] of seen) if (until <= now) seen.delete(text);
  };

  return {
    async publish(entries) {
      assertEntries(entries);
      if (entries.length === 0) return;
      await write(entries);
      keep(entries);
    },
    async published() {
      const found = entriesOf(await link.ask((redis) => redis.eval(PUBLISHED, 1, key)));
      keep(found);
      const there = new Set(found.map(({ text }) => text));
      const missing = [...seen].filter(([text]) => !there.has(text));
      if (missing.length > 0) await write(missing.map(([text, until]) => ({ text, until })));
      return [...seen.keys()];
    },
  };
}

/** Text and until come by turns. */
function entriesOf(answer: unknown): readonly SharedEntry[] {
  if (!Array.isArray(answer)) throw new StoreDown('failed');
  const parts = answer.map(String);
  return parts.flatMap((text, at) =>
    at % 2 === 0 ? [{ text, until: Number(parts[at + 1]) }] : [],
  );
}
