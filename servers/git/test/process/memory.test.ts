import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { makeExpendable, shareOf } from '../../src/adapter/process/memory.ts';
import { LIMITS } from '../../src/policy.ts';

const MEBIBYTE = 1 << 20;

test.each([
  { all: 256, share: 32 },
  { all: 512, share: 64 },
  { all: 2048, share: 320 },
  { all: 64, share: 32 },
])('of $all MiB for all, one process of git may take $share', ({ all, share }) => {
  expect(shareOf(all * MEBIBYTE)).toBe(share * MEBIBYTE);
});

test('a machine without such a limit leaves it at the server’s own', () => {
  // Node says 0 where it cannot know, and what the kernel says for "no limit" otherwise.
  for (const bytes of [0, 2 ** 63, 2 ** 64, 16_384 * MEBIBYTE])
    expect(shareOf(bytes)).toBe(LIMITS.processBytesMax);
});

test.runIf(process.platform === 'linux')(
  'the system would end a process of git before the server',
  async () => {
    const child = spawn('git', ['hash-object', '--stdin'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(child, 'close');
    makeExpendable(child);
    const score = readFileSync(`/proc/${String(child.pid)}/oom_score_adj`, 'latin1');
    const own = readFileSync('/proc/self/oom_score_adj', 'latin1');
    child.stdin.end();
    await ended;
    expect([score.trim(), own.trim()]).toEqual(['1000', '0']);
    // One that is gone is nobody's business.
    makeExpendable(child);
  },
);
