import type { AuditEvent, HttpEvent, LeftOutEvent } from '@secure-mcp/logging';
import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { createRefusalTrail, type RefusalNews } from '../../src/http/refusal-trail.ts';
import { HTTP_REFUSALS, type HttpRefusalCode } from '../../src/http/refusals.ts';

function open(record?: (event: AuditEvent) => void) {
  const events: HttpEvent[] = [];
  const sums: LeftOutEvent[] = [];
  const errors: string[] = [];
  let time = 0;
  const keep = (event: AuditEvent): void => {
    if ('status' in event) events.push(event);
    if (event.type === 'refusals.left_out') sums.push(event);
  };
  const note = (message: string): void => void errors.push(message);
  const trail = createRefusalTrail({
    audit: { record: record ?? keep },
    logger: { debug: note, info: note, warn: note, error: note, flush: async () => undefined },
    now: () => time,
  });
  const pass = (milliseconds: number): void => void (time += milliseconds);
  return { trail, events, sums, errors, pass };
}

function news(origin: string, code: HttpRefusalCode = 'auth.invalid'): RefusalNews {
  return { code, status: HTTP_REFUSALS[code][0], origin, source: { address: origin } };
}

/** Refusals that the records tell of, recorded and left out. */
function told(events: readonly HttpEvent[], sums: readonly LeftOutEvent[]): number {
  const each = events.reduce((sum, { left_out: leftOut = 0 }) => sum + 1 + leftOut, 0);
  return sums.reduce((sum, { left_out: leftOut }) => sum + leftOut, each);
}

describe('refusals in the trail', () => {
  test('a few are recorded each', () => {
    const { trail, events } = open();
    for (let at = 0; at < 5; at += 1) trail.record(news('192.0.2.1'));
    expect(events).toHaveLength(5);
    expect(events[0]).toEqual({
      type: 'auth.failure',
      outcome: 'deny',
      reason: 'auth.invalid',
      status: 401,
      transport: 'http',
      source: { address: '192.0.2.1' },
    });
  });

  test(verifies('C9.floods', 'a flood of one origin is counted, not written'), () => {
    const { trail, events, sums, pass } = open();
    for (let at = 0; at < 100_000; at += 1) {
      trail.record(news('192.0.2.1'));
      pass(1);
    }
    expect(events.length).toBeLessThan(20);
    trail.flush();
    expect(told(events, sums)).toBe(100_000);
  });

  test(
    verifies(
      'C9.floods',
      'a flood of as many origins as refusals is bounded, too, and nothing is lost in the count',
    ),
    () => {
      const { trail, events, sums, pass } = open();
      for (let at = 0; at < 100_000; at += 1) {
        trail.record(news(`2001:db8:${at.toString(16)}::/64`));
        pass(0.1);
      }
      // 200 at once, and five in each of the ten seconds.
      expect(events.length).toBeLessThan(260);
      for (let at = 0; at < 5000; at += 1) {
        pass(10_000);
        trail.flush();
      }
      expect(told(events, sums)).toBe(100_000);
    },
  );

  test(verifies('C9.floods', 'what is still counted at the end is told then, however much'), () => {
    const { trail, events, sums } = open();
    const codes = ['auth.invalid', 'http.path', 'http.rate'] as const;
    for (let at = 0; at < 4000; at += 1)
      for (const code of codes) trail.record(news(`origin ${String(at % 400)}`, code));
    trail.end();
    expect(told(events, sums)).toBe(12_000);
    expect(sums).toHaveLength(3);
    expect(sums[0]).toEqual({
      type: 'refusals.left_out',
      outcome: 'deny',
      reason: 'auth.failure',
      transport: 'http',
      left_out: 3800,
    });
    expect(sums[2]).toMatchObject({ outcome: 'limit', reason: 'ratelimit.hit' });
    trail.end();
    expect(sums).toHaveLength(3);
  });

  test(
    verifies('C9.floods', 'what was counted of origins that are forgotten is put down to no other'),
    () => {
      const { trail, events, sums, pass } = open();
      for (let at = 0; at < 10; at += 1) trail.record(news('192.0.2.1'));
      for (let at = 0; at < 5000; at += 1) {
        trail.record(news(`origin ${String(at)}`, 'http.path'));
        pass(200);
      }
      expect(
        events.filter(({ reason }) => reason === 'http.path').map((one) => one.left_out),
      ).toEqual(Array.from({ length: 5000 }, () => undefined));
      trail.flush();
      expect(sums).toMatchObject([{ reason: 'auth.failure', left_out: 5 }]);
      expect(told(events, sums)).toBe(5010);
    },
  );

  test(verifies('C9.floods', 'a trail that is down for a while does not lose the count'), () => {
    let isDown = true;
    const kept: AuditEvent[] = [];
    const { trail } = open((event) => {
      if (isDown) throw new Error('disk full');
      kept.push(event);
    });
    for (let at = 0; at < 10; at += 1) trail.record(news('192.0.2.1'));
    isDown = false;
    trail.end();
    expect(kept).toMatchObject([{ type: 'auth.failure', left_out: 9 }]);
  });

  test(verifies('C9.floods', 'a flood of one origin does not hide what another one does'), () => {
    const { trail, events, pass } = open();
    for (let at = 0; at < 10_000; at += 1) {
      trail.record(news('192.0.2.1'));
      pass(1);
    }
    trail.record(news('198.51.100.9'));
    expect(events.at(-1)).toMatchObject({ source: { address: '198.51.100.9' } });
  });

  test('a flood of one kind does not hide another kind', () => {
    const { trail, events } = open();
    for (let at = 0; at < 10_000; at += 1) trail.record(news(`origin ${String(at)}`, 'http.path'));
    trail.record(news('origin 1', 'auth.invalid'));
    expect(events.at(-1)).toMatchObject({ reason: 'auth.invalid' });
  });

  test('what was left out is told with the next record', () => {
    const { trail, events, pass } = open();
    for (let at = 0; at < 12; at += 1) trail.record(news('192.0.2.1'));
    pass(10_000);
    trail.record(news('192.0.2.1'));
    expect(events.at(-1)).toMatchObject({ left_out: 7 });
  });

  test('a trail that is down is told to the log once, and again after it was up', () => {
    let isDown = true;
    const { trail, errors } = open(() => {
      if (isDown) throw new Error('disk full');
    });
    for (let at = 0; at < 3; at += 1) trail.record(news('192.0.2.1'));
    expect(errors).toHaveLength(1);
    isDown = false;
    trail.record(news('192.0.2.1'));
    isDown = true;
    trail.record(news('192.0.2.1'));
    expect(errors).toHaveLength(2);
  });

  test.each([
    ['http.rate', 'ratelimit.hit', 'limit'],
    ['http.busy', 'ratelimit.hit', 'limit'],
    ['auth.missing', 'auth.failure', 'deny'],
    ['auth.unavailable', 'auth.failure', 'error'],
    ['auth.scope', 'auth.scope', 'deny'],
    ['http.host', 'http.refused', 'deny'],
    ['internal', 'http.refused', 'error'],
  ] as const)('%s is recorded as %s, %s', (code, type, outcome) => {
    const { trail, events } = open();
    trail.record(news('192.0.2.1', code));
    expect(events).toMatchObject([{ type, outcome, reason: code }]);
  });
});
