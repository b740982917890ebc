import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import * as z from 'zod';
import { beforeAll, describe, expect, it } from 'vitest';

import { letGoOfFailedParses } from '../../src/cli/failed-parses.ts';

/** As the SDK asks of a request whether it is an answer. */
const ANSWER = z.strictObject({ id: z.int(), result: z.looseObject({}) });
const MESSAGES = 40_000;
/** 100 bytes of each, which is less than any of them takes: what is compiled meanwhile stays. */
const KEPT_BYTES_MAX = 4_000_000;

let collectYoung: () => void;
let collect: () => void;

beforeAll(() => {
  letGoOfFailedParses();
  setFlagsFromString('--expose-gc');
  const gc: (options: { type: 'minor' | 'major' }) => void = runInNewContext('gc');
  collectYoung = (): void => gc({ type: 'minor' });
  collect = (): void => gc({ type: 'major' });
  collect();
});

describe('a parse that failed', () => {
  it('is over with the message, for the collector of young objects too', () => {
    expect(keptAfter((message) => ANSWER.safeParse(message).success)).toBeLessThan(KEPT_BYTES_MAX);
  });

  it('would stay, as Zod words it by itself', () => {
    const kept = keptAfter((message) => z.core.safeParse(ANSWER, message).success);
    expect(kept).toBeGreaterThan(4 * KEPT_BYTES_MAX);
  });

  it('says what Zod says', () => {
    const wrong = { id: 'a', result: 7, more: true };
    const { error } = ANSWER.safeParse(wrong);
    expect(error).toBeInstanceOf(z.ZodError);
    expect(error?.issues).toEqual(z.core.safeParse(ANSWER, wrong).error?.issues);
    expect(error?.issues).toHaveLength(3);
    expect(z.prettifyError(error ?? new z.ZodError([]))).toContain('more');
  });

  it('is worded once, and can be told otherwise', () => {
    const result = ANSWER.safeParse({});
    expect(result.error).toBe(result.error);
    expect(Reflect.set(result, 'error', 'told otherwise')).toBe(true);
    expect(result.error).toBe('told otherwise');
  });

  it('lets go of what it judged once it is worded', async () => {
    const judged = new WeakRef({ id: 'a', result: 7 });
    const result = judgeIn(judged);
    expect(result.error?.issues).toHaveLength(2);
    // What a WeakRef has given is held until the end of the task.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(judged.deref()).toBeUndefined();
    expect(result.success).toBe(false);
  });

  it('is worded as the one who asks wants it', () => {
    const params = { error: () => 'in other words', reportInput: true };
    const [issue] = ANSWER.safeParse(7, params).error?.issues ?? [];
    expect(issue).toMatchObject({ message: 'in other words', input: 7 });
  });
});

describe('a parse that succeeded', () => {
  it('gives the data, also to a function that was taken off its schema', () => {
    const { safeParse } = ANSWER;
    const value = { id: 1, result: { a: 1 } };
    expect(safeParse(value)).toEqual({ success: true, data: value });
  });

  it('is refused to a schema that has to wait', () => {
    const slow = z.object({ a: z.string().refine(async () => true) });
    expect(() => slow.safeParse({ a: 'x' })).toThrow(z.core.$ZodAsyncError);
  });
});

/** In a function of its own, whose variables are gone with it. */
function judgeIn(judged: WeakRef<object>) {
  return ANSWER.safeParse(judged.deref());
}

/** Bytes that many messages have left after they were judged, once young garbage is collected. */
function keptAfter(judge: (message: object) => boolean): number {
  collectYoung();
  const before = process.memoryUsage().heapUsed;
  for (let id = 0; id < MESSAGES; id += 1)
    if (judge({ id, method: 'tools/call', params: { text: `text ${String(id)}` } }))
      throw new Error('it is no answer');
  collectYoung();
  collectYoung();
  return process.memoryUsage().heapUsed - before;
}
