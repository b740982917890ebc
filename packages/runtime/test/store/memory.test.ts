import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as pause } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { memoryStore } from '../../src/store/memory.ts';

const MINUTE = { calls: 3, seconds: 60 };

describe('counts', () => {
  test('uses above the rate are refused with the time to wait, each key for itself', async () => {
    const store = memoryStore();
    const verdicts = [];
    for (let use = 0; use < 5; use += 1) verdicts.push(await store.consume('calls:a', MINUTE));
    expect(verdicts.map(({ allowed }) => allowed)).toEqual([true, true, true, false, false]);
    expect(verdicts[0]?.retryAfterMs).toBe(0);
    expect(verdicts[4]?.retryAfterMs).toBeGreaterThan(50_000);
    expect(verdicts[4]?.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect((await store.consume('calls:b', MINUTE)).allowed).toBe(true);
    // The same text in another space is another key.
    expect((await store.consume('messages:a', MINUTE)).allowed).toBe(true);
    await store.close();
  });

  test('a look is no use', async () => {
    const store = memoryStore();
    for (let look = 0; look < 10; look += 1)
      expect((await store.peek('failure:a', MINUTE)).allowed).toBe(true);
    for (let use = 0; use < 2; use += 1) await store.consume('failure:a', MINUTE);
    expect((await store.peek('failure:a', MINUTE)).allowed).toBe(true);
    await store.consume('failure:a', MINUTE);
    const { allowed, retryAfterMs } = await store.peek('failure:a', MINUTE);
    expect(allowed).toBe(false);
    expect(retryAfterMs).toBeGreaterThan(50_000);
    await store.close();
  });

  test('a window ends, and the next one counts anew', async () => {
    const store = memoryStore();
    const second = { calls: 1, seconds: 1 };
    expect((await store.consume('calls:a', second)).allowed).toBe(true);
    const { allowed, retryAfterMs } = await store.consume('calls:a', second);
    expect(allowed).toBe(false);
    await pause(retryAfterMs + 20);
    expect((await store.consume('calls:a', second)).allowed).toBe(true);
    await store.close();
  });

  test('uses that are counted at once are refused together where they do not all fit', async () => {
    const store = memoryStore();
    expect(await store.consume('messages:a', MINUTE, 2)).toMatchObject({
      allowed: true,
      remaining: 1,
    });
    expect((await store.consume('messages:a', MINUTE, 2)).allowed).toBe(false);
    // What was refused is counted, like any other use above the rate.
    expect((await store.consume('messages:a', MINUTE)).allowed).toBe(false);
    expect((await store.consume('messages:b', MINUTE, 4)).allowed).toBe(false);
    expect((await store.peek('messages:b', MINUTE)).allowed).toBe(false);
    await store.close();
  });

  test('a look sees a use that is under way', async () => {
    const store = memoryStore();
    const one = { calls: 1, seconds: 60 };
    await store.consume('failure:b', one);
    const use = store.consume('failure:a', one);
    expect((await store.peek('failure:a', one)).allowed).toBe(false);
    await use;
    await store.close();
  });

  test('uses are answered in the order in which they came, also while the first one is prepared', async () => {
    const store = memoryStore();
    const order: number[] = [];
    const use = async (number: number): Promise<void> => {
      await store.consume('calls:a', MINUTE);
      order.push(number);
    };
    const uses: Promise<void>[] = [];
    // One more with each step, so that one of them falls into the moment at which it is prepared.
    while (order.length === 0 && uses.length < 100_000) {
      uses.push(use(uses.length));
      await Promise.resolve();
      if (uses.length % 100 === 0) await pause(0);
    }
    await Promise.all(uses);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    await store.close();
  });

  test('uses at the same time are counted one by one', async () => {
    const store = memoryStore();
    const rate = { calls: 37, seconds: 60 };
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, () => store.consume('calls:a', rate)),
    );
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(37);
    await store.close();
  });
});

describe('bounds', () => {
  test(
    verifies(
      'C12.memory',
      'a million addresses take no more memory than the bound, and none of it from callers',
    ),
    async () => {
      const store = memoryStore();
      await store.consume('calls:a', MINUTE);
      await store.consume('calls:a', MINUTE);
      const before = heapBytes();
      for (let address = 0; address < 1_000_000; address += 1)
        await store.consume(`address:2001:db8:${address.toString(16)}`, MINUTE);
      // Unbounded they take 450 MB.
      expect(heapBytes() - before).toBeLessThan(40_000_000);
      expect((await store.consume('calls:a', MINUTE)).allowed).toBe(true);
      expect((await store.consume('calls:a', MINUTE)).allowed).toBe(false);
      await store.close();
      expect(heapBytes() - before).toBeLessThan(5_000_000);
    },
    120_000,
  );

  test('a key that is as long as its caller likes takes no more room than others', async () => {
    const store = memoryStore();
    const before = heapBytes();
    for (let use = 0; use < 500; use += 1)
      expect(await store.use(`dpop:${String(use)}${'x'.repeat(100_000)}`, 60_000)).toBe(true);
    expect(heapBytes() - before).toBeLessThan(5_000_000);
    expect(await store.use(`dpop:7${'x'.repeat(100_000)}`, 60_000)).toBe(false);
    expect(await store.use(`dpop:7${'x'.repeat(99_999)}`, 60_000)).toBe(true);
    await store.close();
  });

  test(verifies('C12.memory', 'words that callers choose make no room of their own'), async () => {
    const store = memoryStore({ keysMax: 10, usedMax: 10 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, use) => store.use(`word${String(use)}:x`, 60_000)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    await store.close();
  });

  test(
    verifies('C12.memory', 'at the bound the oldest count is forgotten, and newcomers are counted'),
    async () => {
      const store = memoryStore({ keysMax: 10 });
      for (let use = 0; use < 3; use += 1) await store.consume('address:first', MINUTE);
      expect((await store.peek('address:first', MINUTE)).allowed).toBe(false);
      for (let address = 0; address < 10; address += 1)
        for (let use = 0; use < 3; use += 1)
          await store.consume(`address:${String(address)}`, MINUTE);
      expect((await store.peek('address:first', MINUTE)).allowed).toBe(true);
      for (let address = 0; address < 10; address += 1)
        expect((await store.peek(`address:${String(address)}`, MINUTE)).allowed).toBe(false);
      await store.close();
    },
  );
});

describe('single use', () => {
  test('a key is used once until its time is over', async () => {
    const store = memoryStore();
    const uses = await Promise.all(Array.from({ length: 50 }, () => store.use('question:a', 300)));
    expect(uses.filter(Boolean)).toHaveLength(1);
    expect(await store.use('question:b', 300)).toBe(true);
    await pause(320);
    expect(await store.use('question:a', 300)).toBe(true);
    await store.close();
  });

  test(
    verifies('C12.memory', 'a full memory refuses, and forgets nothing that could be used again'),
    async () => {
      const store = memoryStore({ usedMax: 5 });
      for (let use = 0; use < 5; use += 1)
        expect(await store.use(`dpop:${String(use)}`, 2000)).toBe(true);
      for (let use = 5; use < 20; use += 1)
        await expect(store.use(`dpop:${String(use)}`, 2000)).rejects.toThrow('full');
      for (let use = 0; use < 5; use += 1)
        expect(await store.use(`dpop:${String(use)}`, 2000)).toBe(false);
      // Others have room of their own.
      expect(await store.use('question:a', 2000)).toBe(true);
      await pause(2050);
      await expect(store.use('dpop:5', 2000)).resolves.toBe(true);
      await store.close();
    },
  );

  test(
    verifies('C12.memory', 'one caller fills a share of the memory, and others use theirs'),
    async () => {
      const store = memoryStore({ usedMax: 100 });
      for (let use = 0; use < 10; use += 1)
        expect(await store.use(`dpop:eve${String(use)}`, 1000, { owner: 'eve' })).toBe(true);
      for (let use = 10; use < 200; use += 1)
        await expect(store.use(`dpop:eve${String(use)}`, 1000, { owner: 'eve' })).rejects.toThrow(
          'its share',
        );
      expect(await store.use('dpop:eve0', 1000, { owner: 'eve' })).toBe(false);
      expect(await store.use('dpop:ada', 1000, { owner: 'ada' })).toBe(true);
      await pause(2050);
      expect(await store.use('dpop:eve200', 1000, { owner: 'eve' })).toBe(true);
      await store.close();
    },
  );

  test(
    verifies('E11.dpop', 'what was made before the memory began may have been used before'),
    async () => {
      const madeAt = Date.now();
      await pause(20);
      // The process after the one that it was used in.
      const store = memoryStore();
      await expect(store.use('dpop:a', 60_000, { madeAt })).rejects.toThrow('before the memory');
      expect(await store.use('dpop:b', 60_000, { madeAt: Date.now() })).toBe(true);
      await store.close();
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 0, -1])(
    'a time to live of %d is no time to live',
    async (ttlMs) => {
      const store = memoryStore();
      await expect(store.use('dpop:a', ttlMs)).rejects.toThrow(RangeError);
      await store.close();
    },
  );
});

describe('what is published', () => {
  test('entries stand until they end, the longest time of each', async () => {
    const store = memoryStore();
    const now = Date.now();
    await store.publish([
      { text: 'short', until: now + 200 },
      { text: 'long', until: now + 60_000 },
    ]);
    await store.publish([{ text: 'long', until: now + 100 }]);
    expect((await store.published()).toSorted()).toEqual(['long', 'short']);
    await pause(220);
    expect(await store.published()).toEqual(['long']);
    await store.close();
  });

  test('more than fits is refused, not dropped', async () => {
    const store = memoryStore();
    const until = Date.now() + 60_000;
    const many = Array.from({ length: 20_000 }, (_, entry) => ({ text: String(entry), until }));
    await store.publish(many);
    await expect(store.publish([{ text: 'one more', until }])).rejects.toThrow('too many');
    await expect(store.publish([{ text: 'x'.repeat(4097), until }])).rejects.toThrow('too long');
    await expect(store.publish([{ text: 'x', until: Number.NaN }])).rejects.toThrow('no end');
    expect(await store.published()).toHaveLength(20_000);
    await store.close();
  });
});

/** What is in use after garbage has been collected. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}
