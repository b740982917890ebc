import type { Rate } from '../call/limits.ts';
import type { LimitVerdict } from './store.ts';
import { afterUse, allowed, asStanding, beforeUse } from './verdict.ts';

/** The counts of one rate. */
export interface MemoryWindow {
  /** Counts so many uses at once. */
  consume(name: string, weight: number): Promise<LimitVerdict>;
  peek(name: string): Promise<LimitVerdict>;
  /** Keys that are remembered. */
  readonly size: number;
  /** Forgets all of them. */
  clear(): Promise<void>;
}

/**
 * Opens a window that remembers `keysMax` keys, and for a moment one percent more.
 *
 * At the bound the oldest is forgotten, not the newest refused. Refusing would give whoever commands
 * many addresses a switch that turns everybody else away. Forgetting gives them nothing: a caller
 * with more addresses than that has a fresh count for each of them anyway, and the oldest count is
 * the one that ends first.
 */
export async function openMemoryWindow(rate: Rate, keysMax: number): Promise<MemoryWindow> {
  // Loaded with the first use: the tool list should not wait for it.
  const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterMemory.js');
  const limiter = new Limiter({ points: rate.calls, duration: rate.seconds, keyPrefix: '' });
  /** When each key's count ends; all last equally long, so the first ends first. The library has no bound. */
  const ends = new Map<string, number>();

  /** A look at the beginning of a map passes all that was deleted there, so it is taken now and then. */
  const tidyEvery = Math.ceil(keysMax / 100);
  let fresh = 0;

  const tidy = (): void => {
    const now = performance.now();
    for (const [oldest, end] of ends) {
      if (end > now && ends.size <= keysMax) return;
      ends.delete(oldest);
      void limiter.delete(oldest);
    }
  };

  const remember = (name: string): void => {
    ends.delete(name);
    ends.set(name, performance.now() + rate.seconds * 1000);
    fresh += 1;
    if (fresh < tidyEvery) return;
    fresh = 0;
    tidy();
  };

  return {
    async consume(name, weight) {
      // Before it is counted: what is not remembered is taken for what has no count.
      if (!ends.has(name)) remember(name);
      const standing = await limiter.consume(name, weight).catch(asStanding);
      if (standing.consumedPoints === weight) remember(name);
      return afterUse(standing, rate);
    },
    async peek(name) {
      // Most addresses have never failed, and each request asks for its own.
      return ends.has(name) ? beforeUse(await limiter.get(name), rate) : allowed(rate.calls);
    },
    get size() {
      return ends.size;
    },
    async clear() {
      const names = [...ends.keys()];
      ends.clear();
      await Promise.all(names.map((name) => limiter.delete(name)));
    },
  };
}
