import { setTimeout as wait } from 'node:timers/promises';

import type { Verified } from '@secure-mcp/auth';
import { runOnce, verifies } from '@secure-mcp/testkit';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { createLiveRequests } from '../../src/http/live-requests.ts';
import { HttpRefusal } from '../../src/http/refusals.ts';

function verified(id: string, expiresAt: number): Verified {
  return {
    principal: { id, kind: 'user', scopes: new Set() },
    method: 'jwt',
    expiresAt,
  };
}

const DAY_MS = 86_400_000;

describe('with a clock of its own', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([1, 999, 30_000, 30_001, 3_600_000, DAY_MS])(
    'a request ends with its credential after %d ms, not before and not later',
    (lifetime) => {
      vi.useFakeTimers();
      const live = createLiveRequests();
      const ended: number[] = [];
      const start = Date.now();
      live.open(verified('ada', start + lifetime), () => ended.push(Date.now() - start));
      vi.advanceTimersByTime(lifetime - 1);
      expect(ended).toEqual([]);
      expect(live.size).toBe(1);
      vi.advanceTimersByTime(1);
      expect(ended).toEqual([lifetime]);
      expect(live.size).toBe(0);
      vi.advanceTimersByTime(lifetime);
      expect(ended.length).toBe(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test(verifies('C13.ended', 'a clock that was put forward is noticed'), () => {
    vi.useFakeTimers();
    const live = createLiveRequests();
    let ended = 0;
    live.open(verified('ada', Date.now() + DAY_MS), () => (ended += 1));
    // As after the machine was suspended: the time has gone on, the timers have not.
    vi.setSystemTime(Date.now() + 2 * DAY_MS);
    vi.advanceTimersByTime(30_000);
    expect(ended).toBe(1);
  });

  test.each([0, -1, Number.NaN])('one that has ended (%d) ends at once', (expiresAt) => {
    vi.useFakeTimers();
    const live = createLiveRequests();
    let ended = 0;
    live.open(verified('ada', expiresAt), () => (ended += 1));
    vi.advanceTimersByTime(10);
    expect(ended).toBe(1);
  });

  test('one without an end goes on, and one that was answered is told nothing', () => {
    vi.useFakeTimers();
    const live = createLiveRequests();
    let ended = 0;
    live.open(verified('local', Infinity), () => (ended += 1));
    const leave = live.open(verified('ada', Date.now() + 1000), () => (ended += 1));
    leave();
    leave();
    vi.advanceTimersByTime(DAY_MS * 400);
    expect(ended).toBe(0);
    expect(live.size).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 60 * DAY_MS, Number.MAX_SAFE_INTEGER])(
  'one that ends in %d ms is left alone until then',
  async (lifetime) => {
    let looks = 0;
    let ended = 0;
    const live = createLiveRequests(() => {
      looks += 1;
      return Date.now();
    });
    // A timer that cannot hold so much fires after a millisecond, again and again.
    const leave = live.open(verified('ada', Date.now() + lifetime), () => (ended += 1));
    await wait(300);
    leave();
    expect(looks).toBeLessThan(5);
    expect(ended).toBe(0);
  },
);

test(verifies('C13.ended', 'what is revoked ends at once, and nothing else'), () => {
  const live = createLiveRequests();
  const ended: string[] = [];
  const later = Date.now() + DAY_MS;
  const open = (id: string) => live.open(verified(id, later), () => ended.push(id));
  const leaves = [open('ada'), open('eve'), open('ada')];
  expect(live.endWhere(({ principal }) => principal.id === 'ada')).toBe(2);
  expect(ended).toEqual(['ada', 'ada']);
  expect(live.endWhere(({ principal }) => principal.id === 'ada')).toBe(0);
  expect(live.size).toBe(1);
  for (const leave of leaves) leave();
  expect(live.size).toBe(0);
});

test('the end of the server is told apart from the end of a credential', () => {
  const live = createLiveRequests();
  const reasons: Error[] = [];
  live.open(verified('ada', Date.now() + DAY_MS), (reason) => reasons.push(reason));
  live.open(verified('eve', Date.now() + DAY_MS), (reason) => reasons.push(reason));
  live.endWhere(({ principal }) => principal.id === 'eve');
  expect(live.endAll()).toBe(1);
  expect(reasons.map((reason) => reason instanceof HttpRefusal && reason.code)).toEqual([
    false,
    'http.stopping',
  ]);
});

test('one whose end fails keeps no other from ending', () => {
  const live = createLiveRequests();
  const later = Date.now() + DAY_MS;
  let ended = 0;
  live.open(verified('ada', later), () => {
    throw new Error('cannot');
  });
  live.open(verified('ada', later), () => (ended += 1));
  expect(live.endWhere(() => true)).toBe(2);
  expect(ended).toBe(1);
});

test('waiting for the end of a credential keeps no process alive', () => {
  const module = new URL('../../src/http/live-requests.ts', import.meta.url).href;
  const code = `const { createLiveRequests } = await import(${JSON.stringify(module)});
    createLiveRequests().open({ expiresAt: Date.now() + 60000 }, () => {});
    process.stdout.write('opened');`;
  const args = ['--conditions=@secure-mcp/source', '--input-type=module', '-e', code];
  const began = performance.now();
  const ended = runOnce({ command: process.execPath, args });
  expect(ended).toMatchObject({ status: 0, stdout: 'opened' });
  // A timer that holds would do so for a minute.
  expect(performance.now() - began).toBeLessThan(50_000);
}, 90_000);
