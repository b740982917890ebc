import { StoreDown } from './store-down.ts';

/** How often it looks for what has ended, in milliseconds: a look passes everything that it holds. */
const SWEEP_EVERY_MS = 1000;

/** Remembers what was used. */
export interface UsedMemory {
  /** True for the first use of a name. Throws when nothing more can be remembered. */
  use(name: string, ttlMs: number): boolean;
}

/**
 * Makes a memory of `usedMax` names.
 *
 * At the bound it refuses. Forgetting the oldest instead would make it good for a second use, and
 * whoever wants that only had to fill the memory.
 */
export function createUsedMemory(usedMax: number): UsedMemory {
  const used = new Map<string, number>();
  let sweptAt = -Infinity;

  const forgetEnded = (now: number): void => {
    if (now - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = now;
    for (const [name, end] of used) if (end <= now) used.delete(name);
  };

  return {
    use(name, ttlMs) {
      // A clock that is set back or forth makes nothing usable again.
      const now = performance.now();
      forgetEnded(now);
      const end = used.get(name);
      if (end !== undefined && end > now) return false;
      if (used.size >= usedMax) throw new StoreDown('too much was used once: the memory is full');
      used.delete(name);
      used.set(name, now + ttlMs);
      return true;
    },
  };
}
