import type { Rate } from '../call/limits.ts';
import { assertEntries, assertTtl, ENTRIES_MAX, KEPT_MS_MAX } from './entries.ts';
import { boundedKey, spaceOf } from './key.ts';
import { type MemoryWindow, openMemoryWindow } from './memory-window.ts';
import { createUsedMemory, type UsedMemory } from './memory-used.ts';
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
  /** By space and rate: as many as options and policy name. Promises, so that uses at the same time share one. */
  const windows = new Map<string, Promise<MemoryWindow>>();
  const used = new Map<string, UsedMemory>();
  const published = new Map<string, number>();
  const began = Date.now();

  const windowOf = async (key: string, rate: Rate): Promise<MemoryWindow> => {
    const name = `${spaceOf(key)}:${String(rate.calls)}/${String(rate.seconds)}`;
    const window = windows.get(name) ?? openMemoryWindow(rate, keysMax);
    windows.set(name, window);
    return window;
  };

  const forgetEnded = (): void => {
    const now = Date.now();
    for (const [text, until] of published) if (until <= now) published.delete(text);
  };

  return {
    healthy: true,
    async consume(key, rate) {
      return (await windowOf(key, rate)).consume(boundedKey(key));
    },
    async peek(key, rate) {
      return (await windowOf(key, rate)).peek(boundedKey(key));
    },
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
      await Promise.all([...windows.values()].map(async (window) => (await window).clear()));
      windows.clear();
      used.clear();
      published.clear();
    },
  };
}
