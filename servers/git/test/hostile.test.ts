import { existsSync, realpathSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import {
  connect,
  gitFixtures,
  makeTemp,
  type TestClient,
  treeDigest,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { READS } from './reads.ts';
import { REFUSED } from './refused.ts';

const temp = makeTemp();
const vectors = gitFixtures.buildHostile(temp.path);
const trace = join(temp.path, 'executions');
const untraceable = gitFixtures.straceProblem();
let client: TestClient;

beforeAll(async () => {
  const server = bundle(`traps=${join(temp.path, 'repositories')}`, '--rate-limit', '1000000/1');
  client = await connect(
    'v2 modern',
    untraceable === undefined ? gitFixtures.traced(server, trace) : server,
  );
});
afterAll(async () => {
  await client.close();
  temp.remove();
}, 120_000);

/** What reads the index. */
const INDEXED = new Set(['git_status', 'git_diff']);

/** Repositories of which no call was answered: a server that refused all of them would be safe as well. */
const unread = new Set<string>();

/** Every answer of every tool on one repository, as one text. */
async function everything(name: string): Promise<string> {
  const repo = `traps/${name}`;
  const ask = async (reads: typeof READS): Promise<readonly string[]> =>
    Promise.all(
      reads.map(async ({ tool, args }) =>
        JSON.stringify(await client.call(tool, { repo, ...args })),
      ),
    );
  const first = await ask(READS);
  // A status has written our copy of the index meanwhile, and it is read once more.
  const second = await ask(READS.filter(({ tool }) => INDEXED.has(tool)));
  if (first.filter((answer) => answer.includes('"isError":false')).length < 3) unread.add(name);
  const uris = ['blob/main/README.md', 'diff/main...side'].map(
    (rest) => `git://${encodeURIComponent(repo)}/${rest}`,
  );
  const contents = await Promise.all(
    uris.map(async (uri) => client.read(uri).then(JSON.stringify, String)),
  );
  return [...first, ...second, ...contents].join('\n');
}

describe('a repository that was built to hurt its reader', () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))(
    verifies(
      'C2.arguments',
      'C3.repository',
      'C6.travelling',
      'C10.hostile-repositories',
      '%s: nothing runs, nothing is written, nothing from outside is shown',
    ),
    async (name, { place }) => {
      const before = treeDigest(place.repository);
      const told = await everything(name);
      expect(existsSync(place.canary.file)).toBe(false);
      expect(told).not.toContain(place.marker);
      expect(client.stderr()).not.toContain(place.marker);
      expect(told).not.toContain('limit.busy');
      expect(treeDigest(place.repository)).toBe(before);
    },
    120_000,
  );

  test('only what leads outside, or is made to be read wrongly, is refused', () => {
    expect([...unread].toSorted()).toEqual(REFUSED);
  });

  test('the same calls answer on the repository without a trap', async () => {
    const ordinary = await connect('v2 modern', bundle(`plain=${join(temp.path, 'ordinary')}`));
    for (const { tool, args } of READS) {
      const answer = await ordinary.call(tool, args);
      expect([tool, args, answer.isError, answer.isError && answer.text]).toEqual([
        tool,
        args,
        false,
        false,
      ]);
    }
    await ordinary.close();
  });
});

test(
  verifies('C6.travelling', 'each command is one program, and that is git'),
  async ({ skip }) => {
    skip(untraceable !== undefined, untraceable);
    await client.close();
    const path = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
    const git = realpathSync(path);
    const executions = gitFixtures.executionsOf(trace).filter(({ ok }) => ok);
    const [server, ...children] = executions;
    expect(server?.path).toBe(process.execPath);
    expect(children.length).toBeGreaterThan(vectors.length);
    expect(children.filter((child) => child.path !== git)).toEqual([]);
    // All processes are the server's own, so no git starts a git.
    const forks = gitFixtures.forksOf(trace);
    expect(forks.filter(({ parent }) => parent !== server?.pid)).toEqual([]);
    // And none becomes another: numbers of processes come again, but each start has one program.
    const started = countsOf(forks.map(({ child }) => child));
    const became = Array.from(countsOf(children.map(({ pid }) => pid)));
    expect(became.filter(([pid, count]) => count > (started.get(pid) ?? 0))).toEqual([]);
  },
);

function countsOf(pids: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const pid of pids) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return counts;
}
