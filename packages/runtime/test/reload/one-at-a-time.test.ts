import { expect, test } from 'vitest';

import { oneAtATime } from '../../src/reload/one-at-a-time.ts';

test('who asks while it runs gets a run that starts after the question, shared with all who ask', async () => {
  const ends: (() => void)[] = [];
  const run = oneAtATime(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    return promise;
  });
  const settled: string[] = [];
  const ask = async (name: string): Promise<void> => {
    await run();
    settled.push(name);
  };
  const first = ask('first');
  const others = [ask('second'), ask('third')];
  expect(ends.length).toBe(1);
  ends[0]?.();
  await first;
  await expect.poll(() => ends.length).toBe(2);
  expect(settled).toEqual(['first']);
  ends[1]?.();
  await Promise.all(others);
  expect(settled).toEqual(['first', 'second', 'third']);
  expect(ends.length).toBe(2);
});

test('a run that fails is told to who asked for it, and the next one runs', async () => {
  let runs = 0;
  const run = oneAtATime(async () => {
    runs += 1;
    if (runs === 1) await Promise.reject(new Error('the first'));
  });
  const first = run();
  const second = run();
  await expect(first).rejects.toThrow('the first');
  await expect(second).resolves.toBeUndefined();
  expect(runs).toBe(2);
});
