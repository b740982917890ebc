import { setTimeout as pause } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import type { ClientAddress } from '../../src/http/exchange.ts';
import type { FrontLimits } from '../../src/http/front-parts.ts';
import { failureRates } from '../../src/http/limits-failures.ts';
import { createFrontLimits, type FrontLimitsOptions } from '../../src/http/limits.ts';
import { HttpRefusal } from '../../src/http/refusals.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

const DEFAULTS = {
  addressRate: { calls: 1000, seconds: 60 },
  failureRate: { calls: 3, seconds: 60 },
  messageRate: { calls: 1000, seconds: 60 },
  placesMax: 100,
};

function limits(options: Partial<FrontLimitsOptions> = {}) {
  return createFrontLimits({ store: memoryStore(), ...DEFAULTS, ...options });
}

function from(key: string): ClientAddress {
  return { ip: key, key, forwarded: false };
}

/** A request whose caller is known at once. */
async function passAddress(front: FrontLimits, address: ClientAddress): Promise<void> {
  const leave = await front.admitAddress(address);
  leave();
}

/** The refusal that something ends with; undefined where it lets pass. */
async function refusalOf(attempt: () => unknown): Promise<HttpRefusal | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (error instanceof HttpRefusal) return error;
    throw error;
  }
}

describe('addresses', () => {
  test(
    verifies(
      'C12.address',
      'requests above the rate get 429 and the time to wait, other addresses none of it',
    ),
    async () => {
      const front = limits({ addressRate: { calls: 2, seconds: 30 } });
      const codes = [];
      for (let request = 0; request < 4; request += 1)
        codes.push((await refusalOf(() => passAddress(front, from('192.0.2.1'))))?.code);
      expect(codes).toEqual([undefined, undefined, 'http.rate', 'http.rate']);
      const refusal = await refusalOf(() => passAddress(front, from('192.0.2.1')));
      expect(refusal?.status).toBe(429);
      expect(refusal?.options.retryAfterMs).toBeGreaterThan(20_000);
      expect(refusal?.options.retryAfterMs).toBeLessThanOrEqual(30_000);
      expect(await refusalOf(() => passAddress(front, from('192.0.2.2')))).toBeUndefined();
    },
  );

  test(
    verifies(
      'C12.failures',
      'after too many credentials that were not accepted, an address waits whatever it sends',
    ),
    async () => {
      const front = limits();
      const attacker = from('2001:db8::/64');
      for (let failure = 0; failure < 3; failure += 1) {
        expect(await refusalOf(() => passAddress(front, attacker))).toBeUndefined();
        await front.countFailure(attacker);
      }
      const refusal = await refusalOf(() => passAddress(front, attacker));
      expect(refusal?.code).toBe('http.rate');
      expect(refusal?.options.retryAfterMs).toBeLessThanOrEqual(60_000);
      expect(await refusalOf(() => passAddress(front, from('192.0.2.2')))).toBeUndefined();
    },
  );

  test(verifies('C12.failures', 'whoever goes on failing waits longer'), async () => {
    const front = limits();
    const attacker = from('192.0.2.1');
    const waits: number[] = [];
    for (let failure = 1; failure <= 12; failure += 1) {
      await front.countFailure(attacker);
      const refusal = await refusalOf(() => passAddress(front, attacker));
      waits.push(Math.ceil((refusal?.options.retryAfterMs ?? 0) / 60_000));
    }
    // In minutes: three failures, twice as many, and twice as many again.
    expect(waits).toEqual([0, 0, 1, 1, 1, 10, 10, 10, 10, 10, 10, 100]);
  });

  /** A request whose credential takes a while to verify. */
  const slowly = async (front: FrontLimits, address: ClientAddress, isGood: boolean) => {
    const leave = await front.admitAddress(address);
    await pause(20);
    if (!isGood) await front.countFailure(address);
    leave();
  };

  test(
    verifies('C12.failures', 'of many guesses at once no more are looked at than may fail'),
    async () => {
      const front = limits({ failureRate: { calls: 20, seconds: 60 } });
      const attacker = from('192.0.2.1');
      const guesses = await Promise.all(
        Array.from({ length: 120 }, () => refusalOf(() => slowly(front, attacker, false))),
      );
      expect(guesses.filter((refusal) => refusal === undefined)).toHaveLength(20);
      expect(new Set(guesses.flatMap((refusal) => refusal?.code ?? []))).toEqual(
        new Set(['http.rate']),
      );
    },
  );

  test(
    verifies('C12.failures', 'nor when the store is far away, and what it says is old news'),
    async () => {
      const near = memoryStore();
      const store: Store = {
        ...near,
        async peek(key, rate) {
          const verdict = await near.peek(key, rate);
          await pause(60);
          return verdict;
        },
      };
      const front = limits({ store, failureRate: { calls: 5, seconds: 60 } });
      const attacker = from('192.0.2.1');
      const guesses = Array.from({ length: 100 }, async (_, at) => {
        await pause(at);
        return refusalOf(() => slowly(front, attacker, false));
      });
      const looked = (await Promise.all(guesses)).filter((refusal) => refusal === undefined);
      expect(looked).toHaveLength(5);
    },
  );

  test(
    verifies('C12.failures', 'many good callers of one address at once are all let in'),
    async () => {
      const front = limits({ failureRate: { calls: 20, seconds: 60 } });
      const office = from('192.0.2.1');
      // One failure is left, so they come one by one.
      for (let failure = 0; failure < 19; failure += 1) await front.countFailure(office);
      const calls = Array.from({ length: 100 }, () => refusalOf(() => slowly(front, office, true)));
      expect(await Promise.all(calls)).toEqual(calls.map(() => undefined));
    },
  );

  test(
    verifies('C12.failures', 'a guess among good callers who wait refuses all that come after it'),
    async () => {
      const front = limits({ failureRate: { calls: 1, seconds: 60 } });
      const address = from('192.0.2.1');
      const order = [true, false, true, true];
      const seen = await Promise.all(
        order.map((isGood) => refusalOf(() => slowly(front, address, isGood))),
      );
      expect(seen.map((refusal) => refusal?.code)).toEqual([
        undefined,
        undefined,
        'http.rate',
        'http.rate',
      ]);
    },
  );

  test('no wait is longer than a day', () => {
    const seconds = failureRates({ calls: 5, seconds: 86_400 }).map((rate) => rate.seconds);
    expect(seconds).toEqual([86_400, 86_400, 86_400]);
  });
});

describe('callers', () => {
  test(
    verifies('C12.calls', 'messages above the rate get 429, other callers none of it'),
    async () => {
      const front = limits({ messageRate: { calls: 2, seconds: 30 } });
      for (let message = 0; message < 2; message += 1)
        expect(await refusalOf(() => front.admitPrincipal('alice'))).toBeUndefined();
      const refusal = await refusalOf(() => front.admitPrincipal('alice'));
      expect(refusal?.code).toBe('http.rate');
      expect(refusal?.options.retryAfterMs).toBeGreaterThan(20_000);
      expect(await refusalOf(() => front.admitPrincipal('bob'))).toBeUndefined();
    },
  );

  test(verifies('C12.calls', 'a large message counts as often as it has pieces'), async () => {
    const PIECE = 65_536;
    const front = limits({ messageRate: { calls: 8, seconds: 30 } });
    expect(await refusalOf(() => front.admitBytes('alice', PIECE))).toBeUndefined();
    expect(await refusalOf(() => front.admitBytes('alice', 9 * PIECE))).toBeUndefined();
    // Seven uses, so that the message fits with the one that it had before its content was known.
    expect(await refusalOf(() => front.admitPrincipal('alice'))).toBeUndefined();
    expect((await refusalOf(() => front.admitPrincipal('alice')))?.code).toBe('http.rate');
    expect((await refusalOf(() => front.admitBytes('alice', 2 * PIECE)))?.code).toBe('http.rate');
    expect(await refusalOf(() => front.admitBytes('bob', 2 * PIECE))).toBeUndefined();
  });

  test('a caller that is called like an address is counted apart from it', async () => {
    const one = { calls: 1, seconds: 30 };
    const front = limits({ addressRate: one, messageRate: one, failureRate: one });
    expect(await refusalOf(() => passAddress(front, from('192.0.2.1')))).toBeUndefined();
    expect(await refusalOf(() => front.admitPrincipal('192.0.2.1'))).toBeUndefined();
    expect(await refusalOf(() => front.admitPrincipal('address:192.0.2.1'))).toBeUndefined();
  });
});

describe('places', () => {
  test(
    verifies(
      'C12.places',
      'what finds no place gets 503, and a place that is left twice is one place',
    ),
    async () => {
      const front = limits({ placesMax: 2 });
      const first = front.enter('alice');
      front.enter('bob');
      const refusal = await refusalOf(() => front.enter('carol'));
      expect(refusal?.code).toBe('http.busy');
      expect(refusal?.status).toBe(503);
      expect(refusal?.options.retryAfterMs).toBe(1000);
      first();
      first();
      front.enter('carol');
      expect((await refusalOf(() => front.enter('alice')))?.code).toBe('http.busy');
    },
  );

  test(verifies('C12.places', 'one caller has a quarter of them'), async () => {
    const front = limits({ placesMax: 8 });
    const leave = front.enter('alice');
    front.enter('alice');
    expect((await refusalOf(() => front.enter('alice')))?.code).toBe('http.busy');
    front.enter('bob');
    leave();
    front.enter('alice');
  });
});
