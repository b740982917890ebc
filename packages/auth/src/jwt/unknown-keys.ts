/**
 * Decides when a key that is not in the issuer's set is worth another look.
 *
 * Anyone can invent key ids. Without a bound, each would become a request of ours to the issuer.
 */
export interface UnknownKeys {
  /** True when the issuer may be asked for this key. */
  admit(kid: string | undefined): boolean;
}

/** Looks that are free at once, so that a rotation right after another look is seen by the next token. */
const LOOKS_MAX = 4;

/**
 * One more look each time this has passed: the longest that a flood can hide a new key. As long, a
 * key that was not found is not looked for again, so that one client with an old key costs one look.
 */
const LOOK_EVERY_MS = 30_000;

export function createUnknownKeys(now: () => number): UnknownKeys {
  // Never more than a few: each entry has cost a look.
  const asked = new Map<string | undefined, number>();
  let looks = LOOKS_MAX;
  let countedAt = now();

  function refill(): void {
    const earned = Math.floor((now() - countedAt) / LOOK_EVERY_MS);
    if (earned <= 0) return;
    looks = Math.min(LOOKS_MAX, looks + earned);
    countedAt += earned * LOOK_EVERY_MS;
  }

  function forgetOld(): void {
    for (const [kid, at] of asked) if (now() - at >= LOOK_EVERY_MS) asked.delete(kid);
  }

  return {
    admit(kid) {
      forgetOld();
      refill();
      if (looks === 0 || asked.has(kid)) return false;
      looks -= 1;
      asked.set(kid, now());
      return true;
    },
  };
}
