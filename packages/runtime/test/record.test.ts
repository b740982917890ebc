import type { AuditEvent } from '@secure-mcp/logging';
import { expect, test } from 'vitest';

import { tryRecord } from '../src/call/record.ts';

const EVENT: AuditEvent = { type: 'server.stop', outcome: 'allow' };

test('a trail that cannot be written is said once, until it can be', () => {
  let isFull = false;
  let written = 0;
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const parts = {
    audit: {
      record: () => {
        if (isFull) throw new Error('ENOSPC');
        written += 1;
      },
    },
    logger: { debug: say, info: say, warn: say, error: say, flush: async () => undefined },
  };
  const times = (count: number): boolean[] =>
    Array.from({ length: count }, () => tryRecord(parts, EVENT));
  expect(times(2)).toEqual([true, true]);
  isFull = true;
  expect(times(3)).toEqual([false, false, false]);
  expect(said).toEqual(['the audit trail cannot be written']);
  isFull = false;
  expect(times(1)).toEqual([true]);
  isFull = true;
  times(2);
  expect(said).toHaveLength(2);
  expect(written).toBe(3);
});
