import { StoreDown } from './store-down.ts';

/** How often it looks for what has ended, in milliseconds: a look passes everything that it holds. */
const SWEEP_EVERY_MS = 1000;
/** Nobody takes more than one of so many parts of the memory. */
const SHARES = 10;

/** Remembers what was used. */
export interface UsedMemory {
  /** True for the first use of a name. Throws when nothing more can be remembered, of this owner or at all. */
  use(name: string, ttlMs: number, owner?: string): boolean;
}

interface Used {
  readonly end: number;
  readonly owner: string | undefined;
}

/**
 * Makes a memory of `usedMax` names.
 *
 * At the bound it refuses. Forgetting the oldest instead would make it good for a second use, and
 * whoever wants that only had to fill the memory. One owner fills a share of it, and is refused then.
 */
export function createUsedMemory(usedMax: number): UsedMemory {
  const used = new Map<string, Used>();
  const owned = new Map<string, number>();
  const shareMax = Math.ceil(usedMax / SHARES);
  let sweptAt = -Infinity;

  const count = (owner: string | undefined, by: 1 | -1): void => {
    if (owner === undefined) return;
    const held = (owned.get(owner) ?? 0) + by;
    if (held > 0) owned.set(owner, held);
    else owned.delete(owner);
  };

  const forget = (name: string, { owner }: Used): void => {
    used.delete(name);
    count(owner, -1);
  };

  const forgetEnded = (now: number): void => {
    if (now - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = now;
    for (const [name, one] of used) if (one.end <= now) forget(name, one);
  };

  return {
    use(name, ttlMs, owner) {
      // A clock that is set back or forth makes nothing usable again.
      const now = performance.now();
      forgetEnded(now);
      const known = used.get(name);
      if (known !== undefined && known.end > now) return false;
      if (known !== undefined) forget(name, known);
      if (used.size >= usedMax) throw new StoreDown('too much was used once: the memory is full');
      if (owner !== undefined && (owned.get(owner) ?? 0) >= shareMax)
        throw new StoreDown('one caller used too much once: its share of the memory is full');
      used.set(name, { end: now + ttlMs, owner });
      count(owner, 1);
      return true;
    },
  };
}
