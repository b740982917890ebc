import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { connect, gitFixtures, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { READS } from './reads.ts';

/** A call's own deadline, and what a busy machine adds to it. */
const ANSWER_MS = 30_000;
const DEADLINE_MS = 300;
/** Of the server's own process; those of git are bounded by git's own limit of one allocation. */
const MEMORY_MB_MAX = 150;

const temp = makeTemp();

beforeAll(() => {
  for (const { name } of gitFixtures.BOMBS) gitFixtures.buildBomb(name, join(temp.path, 'bombs'));
}, 300_000);
afterAll(() => temp.remove(), 120_000);

/** A server for each bomb: what one has left behind should not count for the next. */
async function start(): Promise<TestClient> {
  const options = ['--rate-limit', '1000000/1', '--deadline-ms', String(DEADLINE_MS)];
  return connect('v2 legacy', bundle(`bombs=${join(temp.path, 'bombs')}`, ...options));
}

function peakMb({ pid }: TestClient): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return (Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1_000_000;
}

/** What the bombs hold besides what every repository of the test kit holds. */
const ON_BOMBS = [
  { tool: 'git_file', args: { path: 'bomb.txt' } },
  { tool: 'git_file', args: { path: 'bomb.txt', start_line: 1_000_000 } },
  { tool: 'git_blame', args: { path: 'bomb.txt' } },
  { tool: 'git_tree', args: { path: 'many', limit: 200 } },
  { tool: 'git_tree', args: { path: 'bomb', depth: 3, limit: 200 } },
  { tool: 'git_grep', args: { pattern: '(a|b)*c', regex: true } },
  { tool: 'git_refs', args: { kinds: ['tag'], limit: 200 } },
];

describe('a repository that was built to exhaust its reader', () => {
  test.each(gitFixtures.BOMBS.map(({ name }) => name))(
    verifies('C10.repository-bombs', 'E13.deadline', '%s: every call ends, in bounded memory'),
    async (name) => {
      const client = await start();
      for (const { tool, args } of [...READS, ...ON_BOMBS]) {
        const started = performance.now();
        const answer = await client.call(tool, { repo: `bombs/${name}`, ...args });
        const took = performance.now() - started;
        const peak = peakMb(client);
        expect([tool, args, took < ANSWER_MS, peak < MEMORY_MB_MAX || peak]).toEqual([
          tool,
          args,
          true,
          true,
        ]);
        if (answer.isError) expect(answer.text).toMatch(/^[a-z]+\.[a-z_]+: /);
      }
      await client.close();
    },
    600_000,
  );

  test('and all of them beside each other hide no other repository', async () => {
    const client = await start();
    const answer = await client.call('git_repos', { limit: 200 });
    expect([answer.isError, answer.isError && answer.text]).toEqual([false, false]);
    await client.close();
  });
});
