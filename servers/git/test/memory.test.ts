import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { gitFixtures, makeTemp, type RawStdio, startRaw } from '@secure-mcp/testkit';
import { afterAll, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const COMMITS = 80_000;
const ROUNDS = 50;
/** Node's own file has 43 MB of that. With Maglev all is 90 MB. */
const RESIDENT_BYTES_MAX = 84_000_000;
/** A file that is always there: the generator spreads its files over numbered directories. */
const FILE = 'src/part-0/file-7.ts';

const temp = makeTemp();
const repository = join(temp.path, 'big');

afterAll(() => temp.remove());

// Only Linux tells how much memory another process holds.
test.runIf(process.platform === 'linux')(
  'a repository of 80,000 commits leaves the server small, whatever is asked',
  async () => {
    gitFixtures.buildBig(repository, { commits: COMMITS, files: 100 });
    const server = startRaw(bundle(`big=${repository}`, '--rate-limit', '1000000/1'));
    try {
      await server.initialize();
      for (let round = 0; round < ROUNDS; round += 1) await askAll(server, round);
      expect(residentBytes(server)).toBeLessThan(RESIDENT_BYTES_MAX);
    } finally {
      await server.end();
    }
  },
  400_000,
);

/** A page of history, a file, a change and so on, of another commit in each round. */
async function askAll(server: RawStdio, round: number): Promise<void> {
  const rev = `HEAD~${String(round)}`;
  const calls: readonly (readonly [tool: string, args: object])[] = [
    ['git_log', { limit: 50, to: `HEAD~${String(round * 60)}` }],
    ['git_log', { limit: 50, detail: 'files', to: rev }],
    ['git_file', { rev, path: FILE }],
    ['git_show', { rev, detail: 'patch' }],
    ['git_diff', { mode: 'range', base: `HEAD~${String(round + 20)}`, head: rev }],
    ['git_tree', { rev, path: 'src/part-0' }],
    ['git_status', {}],
    ['git_grep', { pattern: 'value1', limit: 50 }],
    ['git_refs', {}],
    ['git_reflog', {}],
    ['git_compare', { base: `HEAD~${String(round + 500)}`, head: rev }],
    ['git_audit', {}],
  ];
  for (const [at, [name, args]] of calls.entries()) {
    const id = `${String(round)}-${String(at)}`;
    const { result } = await server.ask(id, 'tools/call', { name, arguments: args }, 60_000);
    // A refusal would hold no memory and prove nothing.
    expect(result).not.toHaveProperty('isError', true);
    expect(result).toHaveProperty('structuredContent');
  }
}

function residentBytes(server: RawStdio): number {
  const status = readFileSync(`/proc/${String(server.process.pid)}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
