import { assertEntries, assertTtl, ENTRIES_MAX, KEPT_MS_MAX } from './entries.ts';
import { boundedKey, spaceOf } from './key.ts';
import { createUsedMemory, type UsedMemory } from './memory-used.ts';
import { createMemoryWindows } from './memory-windows.ts';
import type { Store } from './store.ts';
import { StoreDown } from './store-down.ts';

export interface MemoryStoreOptions {
  /** Keys that one rate of one space remembers, at most: 20,000 take 10 MB. */
  readonly keysMax?: number;
  /** Single uses that one space remembers, at most: 100,000 take 12 MB. */
  readonly usedMax?: number;
}

const KEYS_MAX = 20_000;
const USED_MAX = 100_000;

/** Keeps what a store keeps in this process. The MCP specification demands a limit on stdio, too. */
export function memoryStore({
  keysMax = KEYS_MAX,
  usedMax = USED_MAX,
}: MemoryStoreOptions = {}): Store {
  const windows = createMemoryWindows(keysMax);
  const used = new Map<string, UsedMemory>();
  const published = new Map<string, number>();
  const began = Date.now();

  const forgetEnded = (): void => {
    const now = Date.now();
    for (const [text, until] of published) if (until <= now) published.delete(text);
  };

  return {
    healthy: true,
    consume: (key, rate, weight = 1) =>
      windows.ask(key, rate, (window, name) => window.consume(name, weight)),
    peek: (key, rate) => windows.ask(key, rate, (window, name) => window.peek(name)),
    async use(key, ttlMs, { owner, madeAt = Infinity } = {}) {
      assertTtl(ttlMs);
      // The process before this one may have seen it.
      if (madeAt < began) throw new StoreDown('it was made before the memory began');
      const space = spaceOf(key);
      const memory = used.get(space) ?? createUsedMemory(usedMax);
      used.set(space, memory);
      return memory.use(boundedKey(key), ttlMs, owner === undefined ? owner : boundedKey(owner));
    },
    async publish(entries) {
      assertEntries(entries);
      forgetEnded();
      const fresh = entries.filter(({ text }) => !published.has(text));
      if (published.size + fresh.length > ENTRIES_MAX) throw new StoreDown('too many entries');
      const latest = Date.now() + KEPT_MS_MAX;
      for (const { text, until } of entries)
        published.set(text, Math.max(Math.min(until, latest), published.get(text) ?? 0));
    },
    async published() {
      forgetEnded();
      return [...published.keys()];
    },
    async close() {
      await windows.clear();
      used.clear();
      published.clear();
    },
  };
}
