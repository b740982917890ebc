import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { AuditEvent } from '@secure-mcp/logging';
import { createTestAuthority, verifies } from '@secure-mcp/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import type { StoreAddress } from '../../src/store/address.ts';
import { redisStore, type RedisStoreOptions } from '../../src/store/redis.ts';
import type { Store } from '../../src/store/store.ts';
import { startRedis } from './redis-backend.ts';
import { type Relay, startRelay } from './relay.ts';

const backend = await startRedis();
const suite =
  backend.kind === 'container' ? 'limits that replicas share' : `left out, because ${backend.why}`;

/** Long enough for a machine that does much else: whether Redis is there is not decided by that. */
const PATIENT = { commandMs: 5000, connectMs: 10_000 };
const RATE = { calls: 8, seconds: 300 };

interface Told {
  readonly events: AuditEvent[];
  readonly lines: string[];
}

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  if (backend.kind === 'container') await backend.redis.close();
});

describe.skipIf(backend.kind === 'none')(suite, () => {
  const redis = () => {
    if (backend.kind === 'none') throw new Error(backend.why);
    return backend.redis;
  };

  const where = (more: Partial<StoreAddress> = {}): StoreAddress => {
    const { host, port, password } = redis();
    return { host, port, password, username: undefined, db: 0, tls: false, ...more };
  };

  let number = 0;
  const freshNamespace = () => `test-${String((number += 1))}`;

  const open = async (
    more: Partial<RedisStoreOptions> & Pick<RedisStoreOptions, 'namespace'>,
  ): Promise<Store & Told> => {
    const events: AuditEvent[] = [];
    const lines: string[] = [];
    const log = (message: string, fields?: object) =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    const store = await redisStore({
      address: where(),
      audit: { record: (event) => void events.push(event) },
      logger: { debug: log, info: log, warn: log, error: log, flush: async () => undefined },
      ...PATIENT,
      ...more,
    });
    opened.push(store);
    return Object.defineProperties(
      { events, lines, ...store },
      { healthy: { get: () => store.healthy } },
    );
  };

  const openThree = async (namespace = freshNamespace()) =>
    Promise.all([open({ namespace }), open({ namespace }), open({ namespace })]);

  const relayTo = async (tls?: { certificate: string; key: string }): Promise<Relay> => {
    const relay = await startRelay({ target: redis, ...(tls && { tls }) });
    opened.push(relay);
    return relay;
  };

  const viaRelay = (relay: Relay, more: Partial<StoreAddress> = {}): StoreAddress =>
    where({ host: '127.0.0.1', port: relay.port, ...more });

  const allowedOf = async (store: Store, key: string, uses: number): Promise<number> => {
    let allowed = 0;
    for (let use = 0; use < uses; use += 1)
      if ((await store.consume(key, RATE)).allowed) allowed += 1;
    return allowed;
  };

  const untilHealthy = (store: Store, healthy: boolean): Promise<void> =>
    until(async () => store.healthy === healthy);

  describe('together', () => {
    test(
      verifies(
        'C12.shared',
        '200 uses at the same time, on three replicas, let exactly as many pass as one would',
      ),
      async () => {
        const stores = await openThree();
        const rate = { calls: 37, seconds: 300 };
        const verdicts = await Promise.all(
          Array.from({ length: 200 }, (_, use) => oneOf(stores, use).consume('calls:a', rate)),
        );
        expect(stores.map(({ healthy }) => healthy)).toEqual([true, true, true]);
        expect(verdicts.filter((verdict) => verdict.allowed)).toHaveLength(37);
        const refused = verdicts.find(({ allowed }) => !allowed);
        expect(refused?.retryAfterMs).toBeGreaterThan(200_000);
        expect(refused?.retryAfterMs).toBeLessThanOrEqual(300_000);
      },
    );

    test('uses that are counted at once are refused together where they do not all fit', async () => {
      const [first, second, third] = await openThree();
      const rate = { calls: 3, seconds: 300 };
      expect(await first.consume('messages:a', rate, 2)).toMatchObject({
        allowed: true,
        remaining: 1,
      });
      expect((await second.consume('messages:a', rate, 2)).allowed).toBe(false);
      expect((await third.consume('messages:a', rate)).allowed).toBe(false);
      expect((await third.consume('messages:b', rate, 4)).allowed).toBe(false);
    });

    test('failures that one replica counts, the others see without counting', async () => {
      const [first, second, third] = await openThree();
      const rate = { calls: 2, seconds: 300 };
      await first.consume('failure:a', rate);
      for (let look = 0; look < 5; look += 1)
        expect((await third.peek('failure:a', rate)).allowed).toBe(true);
      await second.consume('failure:a', rate);
      const { allowed, retryAfterMs } = await third.peek('failure:a', rate);
      expect(allowed).toBe(false);
      expect(retryAfterMs).toBeGreaterThan(200_000);
    });

    test(
      verifies('C12.shared', 'what is used once is used once among three replicas'),
      async () => {
        const stores = await openThree();
        const uses = await Promise.all(
          Array.from({ length: 60 }, (_, use) => oneOf(stores, use).use('question:a', 60_000)),
        );
        expect(uses.filter(Boolean)).toHaveLength(1);
      },
    );

    test(
      verifies('C13.revoked', 'what one replica publishes, the others know until it ends'),
      async () => {
        const [first, second] = await openThree();
        const now = Date.now();
        await first.publish([
          { text: 'ends', until: now + 2000 },
          { text: 'stays', until: now + 60_000 },
        ]);
        expect((await second.published()).toSorted()).toEqual(['ends', 'stays']);
        await until(async () => (await second.published()).length === 1);
        expect(await second.published()).toEqual(['stays']);
        const end = now + 60_000;
        const many = Array.from({ length: 20_000 }, (_, entry) => ({
          text: String(entry),
          until: end,
        }));
        // In pieces: those that fit are known.
        await expect(first.publish(many)).rejects.toThrow('too many');
        expect(await second.published()).toContain('stays');
        expect(await second.published()).toContain('0');
      },
    );

    test(
      verifies('C13.revoked', 'a list of 10,000 is known to all, by those who join later, too'),
      async () => {
        const namespace = freshNamespace();
        const first = await open({ namespace });
        const end = Date.now() + 60_000;
        const texts = Array.from(
          { length: 10_000 },
          (_, entry) => `${String(entry)} ${'x'.repeat(90)}`,
        );
        const list = [...texts, 'y'.repeat(4096)].map((text) => ({ text, until: end }));
        await first.publish(list);
        const second = await open({ namespace });
        expect(await second.published()).toHaveLength(10_001);
        expect(await second.published()).toHaveLength(10_001);
        await first.publish([...list, { text: 'one more', until: end }]);
        expect(await second.published()).toContain('one more');
        expect([first.healthy, second.healthy]).toEqual([true, true]);
      },
    );

    test(
      verifies('C13.revoked', 'what a stranger wrote into Redis stops nothing and stays no longer'),
      async () => {
        const namespace = freshNamespace();
        const [first, second] = [await open({ namespace }), await open({ namespace })];
        const { host, port, password } = redis();
        const raw = new Redis({ host, port, password });
        const end = Date.now() + 60_000;
        const own = [{ text: 'own', until: end }];
        try {
          const later = String(Date.now() + 400 * 86_400_000);
          const soon = String(Date.now() + 60_000.5);
          await raw.zadd(`${namespace}:published`, 'inf', 'forever', later, 'long', soon, 'poison');
          expect(await second.published()).toEqual(['poison']);
          await first.publish(own);
          for (const store of [first, second])
            expect((await store.published()).toSorted()).toEqual(['own', 'poison']);
          expect(await raw.zrange(`${namespace}:published`, '0', '-1')).toEqual(['own', 'poison']);
          await raw.del(`${namespace}:published`, `${namespace}:published:stamp`);
          for (const store of [first, second]) await store.published();
          await first.publish(own);
          // What was only heard is not written back.
          expect(await raw.zrange(`${namespace}:published`, '0', '-1')).toEqual(['own']);
          const third = await open({ namespace });
          expect(await third.published()).toEqual(['own']);
          expect([first.healthy, second.healthy]).toEqual([true, true]);
        } finally {
          raw.disconnect();
        }
      },
    );

    test('others on the same Redis are counted apart', async () => {
      const ours = await open({ namespace: freshNamespace() });
      const theirs = await open({ namespace: freshNamespace() });
      expect(await allowedOf(ours, 'calls:a', 10)).toBe(8);
      expect(await allowedOf(theirs, 'calls:a', 10)).toBe(8);
      expect(await theirs.use('question:a', 60_000)).toBe(true);
      expect(await ours.use('question:a', 60_000)).toBe(true);
    });

    test(
      verifies(
        'C4.not-passed-on',
        'Redis is told neither names nor ids, and forgets what it was told',
      ),
      async () => {
        const namespace = freshNamespace();
        const store = await open({ namespace });
        const secret = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
        await store.consume(`calls:${secret}`, RATE);
        await store.peek(`failure:${secret}`, RATE);
        await store.use(`dpop:${secret}`, 60_000);
        await store.use(`${secret}:x`, 60_000);
        const { host, port, password } = redis();
        const raw = new Redis({ host, port, password });
        const keys = await raw.keys(`${namespace}:*`);
        const lives = await Promise.all(keys.map((key) => raw.ttl(key)));
        raw.disconnect();
        expect(keys).toHaveLength(4);
        expect(keys.join()).not.toContain(secret);
        // All but the one that tells when Redis began to remember.
        expect(keys[lives.indexOf(-1)]).toBe(`${namespace}:beginning`);
        expect(lives.filter((life) => life > 0 && life <= 300)).toHaveLength(3);
      },
    );
  });

  describe('without Redis', () => {
    test(
      verifies(
        'C12.shared',
        'limits get stricter and not absent, single use is refused, and both come back',
      ),
      async () => {
        const stores = await openThree();
        const [first, second] = stores;
        expect(await first.use('question:before', 60_000)).toBe(true);
        await redis().pause();
        try {
          // All three at once: the first answer that does not come tells each of them.
          await Promise.all(stores.map((store) => store.peek('calls:a', RATE)));
          expect(stores.map(({ healthy }) => healthy)).toEqual([false, false, false]);
          const allowed = await Promise.all(stores.map((store) => allowedOf(store, 'calls:a', 20)));
          expect(allowed).toEqual([2, 2, 2]);
          const one = { calls: 1, seconds: 300 };
          expect((await first.consume('messages:a', RATE, 2)).allowed).toBe(true);
          expect((await first.consume('messages:a', RATE, 1)).allowed).toBe(false);
          expect((await first.consume('calls:b', one)).allowed).toBe(true);
          const { allowed: again, retryAfterMs } = await first.consume('calls:b', one);
          expect(again).toBe(false);
          expect(retryAfterMs).toBeGreaterThan(200_000);
          expect((await first.peek('calls:b', one)).allowed).toBe(false);
          await expect(first.use('question:new', 60_000)).rejects.toThrow();
          await expect(first.publish([{ text: 'a', until: Date.now() + 1000 }])).rejects.toThrow();
          await expect(first.published()).rejects.toThrow();
        } finally {
          await redis().unpause();
        }
        await Promise.all(stores.map((store) => untilHealthy(store, true)));
        expect(await second.use('question:before', 60_000)).toBe(false);
        expect(await second.use('question:after', 60_000)).toBe(true);
        expect(await first.use('question:after', 60_000)).toBe(false);
        const together = await Promise.all(stores.map((store) => allowedOf(store, 'calls:c', 8)));
        expect(together.reduce((sum, count) => sum + count)).toBe(8);
        for (const { events, lines } of stores) {
          expect(events.map(({ type }) => type)).toEqual(['store.up', 'store.down', 'store.up']);
          expect(events[1]).toEqual({ type: 'store.down', outcome: 'error', reason: 'slow' });
          expect(lines).toHaveLength(3);
        }
      },
    );

    test(
      verifies(
        'C12.shared',
        'a Redis that is slow counts as down, and holds up one request, not each',
      ),
      async () => {
        const relay = await relayTo();
        const store = await open({
          namespace: freshNamespace(),
          address: viaRelay(relay),
          commandMs: 1000,
        });
        expect(store.healthy).toBe(true);
        relay.delayMs = 3000;
        const started = performance.now();
        expect(await allowedOf(store, 'calls:a', 20)).toBe(2);
        // Asking each time would take 20 s, and waiting for each answer 60 s.
        expect(performance.now() - started).toBeLessThan(10_000);
        expect(store.healthy).toBe(false);
        relay.delayMs = 0;
        await untilHealthy(store, true);
      },
    );

    test('a connection that is cut is made again', async () => {
      const relay = await relayTo();
      const store = await open({ namespace: freshNamespace(), address: viaRelay(relay) });
      relay.open = false;
      relay.cut();
      await untilHealthy(store, false);
      expect(await allowedOf(store, 'calls:a', 20)).toBe(2);
      relay.open = true;
      await untilHealthy(store, true);
      expect(await allowedOf(store, 'calls:a', 20)).toBe(8);
      expect(store.events.map(({ type }) => type)).toEqual(['store.up', 'store.down', 'store.up']);
    });

    test('a server starts without Redis, and shares once it is there', async () => {
      const relay = await relayTo();
      relay.open = false;
      const store = await open({ namespace: freshNamespace(), address: viaRelay(relay) });
      expect(store.healthy).toBe(false);
      expect(await allowedOf(store, 'calls:a', 20)).toBe(2);
      await expect(store.use('question:a', 60_000)).rejects.toThrow();
      relay.open = true;
      await untilHealthy(store, true);
      expect(await store.use('question:a', 60_000)).toBe(true);
      expect(store.events.map(({ type }) => type)).toEqual(['store.down', 'store.up']);
    });

    test('a store that was closed connects no more', async () => {
      const relay = await relayTo();
      relay.open = false;
      const store = await open({ namespace: freshNamespace(), address: viaRelay(relay) });
      await store.close();
      relay.open = true;
      await pause(1500);
      expect(store.healthy).toBe(false);
      expect(relay.heard).toBe('');
    });
  });

  describe('a Redis that forgets', () => {
    test(verifies('C12.shared', 'makes nothing usable again, and no revocation void'), async () => {
      const relay = await relayTo();
      const namespace = freshNamespace();
      const store = await open({ namespace, address: viaRelay(relay) });
      const end = Date.now() + 60_000;
      expect(await store.use('question:used', 60_000)).toBe(true);
      await store.publish([{ text: 'revoked', until: end }]);
      await redis().kill();
      await untilHealthy(store, false);
      await expect(store.use('question:used', 60_000)).rejects.toThrow();
      await redis().start();
      await untilHealthy(store, true);
      await expect(store.use('question:used', 60_000)).rejects.toThrow('forgotten');
      await expect(store.use('question:other', 60_000)).rejects.toThrow('forgotten');
      expect(await store.published()).toEqual(['revoked']);
      await store.publish([{ text: 'revoked', until: end }]);
      // A process that has just begun learns it from those who knew.
      const late = await open({ namespace });
      expect(await late.published()).toEqual(['revoked']);
      // All that can have been used before has ended by then.
      await until(() => store.use(`question:${String(Math.random())}`, 1000).catch(() => false));
    });
  });

  test(
    verifies(
      'E11.dpop',
      'a proof from before Redis forgot is new to no replica, and none else is refused',
    ),
    async () => {
      const namespace = freshNamespace();
      const first = await open({ namespace });
      const madeAt = Date.now() + 1000;
      await pause(1500);
      // One more that shares with a Redis that knows everything.
      const second = await open({ namespace });
      expect(await second.use('dpop:early', 60_000, { madeAt })).toBe(true);
      expect(await first.use('dpop:early', 60_000, { madeAt })).toBe(false);
      const { host, port, password } = redis();
      const raw = new Redis({ host, port, password });
      await raw.del(...(await raw.keys(`${namespace}:*`)));
      raw.disconnect();
      await pause(1000);
      const late = await open({ namespace });
      await expect(late.use('dpop:early', 60_000, { madeAt })).rejects.toThrow('before the memory');
      expect(await late.use('dpop:fresh', 60_000, { madeAt: Date.now() + 60_000 })).toBe(true);
    },
  );

  describe('on the way to Redis', () => {
    test('TLS is checked before anything is said', async () => {
      const authority = createTestAuthority();
      const relay = await relayTo(authority.issueServer());
      const address = viaRelay(relay, { tls: true });
      const trusting = await open({
        namespace: freshNamespace(),
        address,
        ca: authority.certificate,
      });
      expect(trusting.healthy).toBe(true);
      expect(await allowedOf(trusting, 'calls:a', 20)).toBe(8);
      expect(relay.heard).toContain(redis().password);

      const other = await relayTo(createTestAuthority().issueServer());
      for (const ca of [undefined, authority.certificate]) {
        const wary = await open({
          namespace: freshNamespace(),
          address: viaRelay(other, { tls: true }),
          ...(ca !== undefined && { ca }),
        });
        expect(wary.healthy).toBe(false);
        expect(await allowedOf(wary, 'calls:a', 20)).toBe(2);
        expect(wary.events).toEqual([
          { type: 'store.down', outcome: 'error', reason: 'certificate' },
        ]);
      }
      expect(other.heard).toBe('');
    });

    test('an operator is warned of a Redis that forgets by itself', async () => {
      const { host, port, password } = redis();
      const raw = new Redis({ host, port, password });
      try {
        await raw.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'volatile-lru');
        const warned = await open({ namespace: freshNamespace() });
        expect(warned.lines.join()).toContain('noeviction');
        await raw.config('SET', 'maxmemory-policy', 'noeviction');
        const fine = await open({ namespace: freshNamespace() });
        expect(fine.lines.join()).not.toContain('noeviction');
      } finally {
        await raw.config('SET', 'maxmemory', '0');
        raw.disconnect();
      }
    });

    test('a Redis that is full is none: limits are counted here', async () => {
      const { host, port, password } = redis();
      const raw = new Redis({ host, port, password });
      const store = await open({ namespace: freshNamespace() });
      try {
        await raw.config('SET', 'maxmemory', '1');
        expect(await allowedOf(store, 'calls:a', 20)).toBe(2);
        await expect(store.use('question:a', 60_000)).rejects.toThrow();
        expect(store.healthy).toBe(false);
        expect(store.events.at(-1)).toEqual({
          type: 'store.down',
          outcome: 'error',
          reason: 'out of memory',
        });
      } finally {
        await raw.config('SET', 'maxmemory', '0');
        raw.disconnect();
      }
      await untilHealthy(store, true);
    });

    test('a wrong password is told by its reason, and by nothing else', async () => {
      const store = await open({
        namespace: freshNamespace(),
        address: where({ password: 'hunter2-wrong' }),
      });
      expect(store.healthy).toBe(false);
      expect(store.events).toEqual([
        { type: 'store.down', outcome: 'error', reason: 'credentials' },
      ]);
      expect(store.lines.join()).not.toContain('hunter2');
    });

    test.each(['', '-wrong'])(
      'no password is printed, whatever the driver is told to print (%s)',
      async (ending) => {
        const { host, port, password } = redis();
        const script = fileURLToPath(new URL('open-store.ts', import.meta.url));
        const { stdout, stderr } = await promisify(execFile)(
          process.execPath,
          [...process.execArgv, script, `redis://:${password}${ending}@${host}:${String(port)}/0`],
          { env: { ...process.env, DEBUG: '*' } },
        );
        expect(stdout).toBe(`healthy: ${String(ending === '')}, DEBUG: *\n`);
        expect(stderr).toContain('store.');
        expect(stderr).not.toContain(password);
      },
    );
  });
});

function oneOf(stores: readonly Store[], number: number): Store {
  const store = stores[number % stores.length];
  if (store === undefined) throw new Error('no store');
  return store;
}

/** Waits for something that comes in the end. */
async function until(look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await look())) {
    if (performance.now() > end) throw new Error('it did not come');
    await pause(50);
  }
}
