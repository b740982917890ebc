import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import {
  type Answer,
  connect,
  gitFixtures,
  makeTemp,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { imageOf, openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { hasKnownHoles, parseGitVersion } from '../../src/guard/version.ts';
import { bundle } from '../bundle.ts';
import { READS } from '../reads.ts';
import { runCareless } from './careless.ts';
import { inside } from './inside.ts';

/** Those of a repository without a work tree leave that out, and read `main` where others read its files. */
const BARE = READS.filter(({ tool }) => tool !== 'git_status' && tool !== 'git_diff').concat([
  { tool: 'git_diff', args: { mode: 'range', base: 'main', head: 'side', detail: 'patch' } },
]);

const WHOLE = ['whole-of-root', 'whole-of-another', 'bare-of-root', 'bare-of-another'];
/** Misses files of HEAD, which another host is to have. */
const PARTIAL = 'partial-of-another';
const NAMES = [...WHOLE, PARTIAL];

/** Where a partial clone would fetch what it misses: within the container, whose network is its own. */
const PORT = 9418;

/** Milliseconds for a test on a busy machine. */
const TEST_MS = 120_000;

describe.runIf(inject('containers'))(
  'in the image, ordinary repositories of other owners',
  { timeout: TEST_MS },
  () => {
    const temp = makeTemp();
    const directory = join(temp.path, 'repositories');
    const containers = openContainers();
    const name = `secure-mcp-git-${randomUUID()}`;
    const mounts = [{ from: directory, to: '/repositories' }];
    /** Nobody is asked for an address. */
    const nobody = [
      { from: '/dev/null', to: '/etc/resolv.conf' },
      { from: '/dev/null', to: '/etc/hosts' },
    ];
    let client: TestClient;
    /** The same server outside, with the same repositories. */
    let outside: TestClient;

    beforeAll(async () => {
      buildOwned(temp.path, directory);
      const where = { mounts: [...mounts, ...nobody], options: [`--name=${name}`] };
      const args = ['--rate-limit', '1000000/1', '--deadline-ms', '60000'];
      [client, outside] = await Promise.all([
        connect('v2 modern', containers.server('git', where, ...args, ...rootsIn('/repositories'))),
        connect('v2 modern', bundle(...args, ...rootsIn(directory))),
      ]);
    });
    afterAll(async () => {
      await outside.close();
      await containers.close();
      temp.remove();
    });

    test('plain git opens none of them', async () => {
      const commands = NAMES.map((each) => ({ directory: `/repositories/${each}`, args: ['log'] }));
      const ends = await runCareless({ containers, mounts, trusting: false }, commands);
      expect(ends.filter(({ said }) => !said.includes('dubious ownership'))).toEqual([]);
    });

    test.each(WHOLE)('%s: every tool says what it says of one’s own', async (repository) => {
      const reads = repository.startsWith('bare') ? BARE : READS;
      const [here, there] = await Promise.all([
        askAll(client, repository, reads),
        askAll(outside, repository, reads),
      ]);
      expect(here.filter(({ isError }) => isError).map(({ text }) => text)).toEqual([]);
      expect(here.map(({ structured }) => structured)).toEqual(
        there.map(({ structured }) => structured),
      );
    });

    test('the list of repositories says which git it is, and warns of nothing', async () => {
      const { structured, isError } = await client.call('git_repos');
      expect(isError).toBe(false);
      expect(structured['warnings'] ?? []).toEqual([]);
      expect(client.stderr()).not.toContain('"level"');
    });

    test('its git is one whose published holes are mended', () => {
      const args = ['run', '--rm', '--network=none', '--entrypoint=/usr/bin/git', imageOf('git')];
      const version = parseGitVersion(
        execFileSync('docker', [...args, 'version'], { encoding: 'utf8' }),
      );
      expect(version && hasKnownHoles(version)).toBe(false);
    });

    test(
      verifies('C6.travelling', 'a partial clone’s remote is not dialled, though it is there'),
      async () => {
        const { hold, run } = inside(name);
        const listener = await hold(LISTENER);
        const answers = await askAll(client, PARTIAL, READS);
        expect(listener.said()).toBe('listening\n');
        // Most of it is there, and was read.
        expect(answers.filter(({ isError }) => !isError).length).toBeGreaterThan(10);
        await run(FETCHES);
        await listener.release();
        expect(listener.said()).toContain('dialled');
      },
    );
  },
);

/** Each by itself: a repository without a work tree is served only where it is named. */
function rootsIn(directory: string): readonly string[] {
  return NAMES.map((name) => `${name}=${directory}/${name}`);
}

/** One after the other: a call's time counts from when it is asked, and a busy machine has little. */
async function askAll(
  client: TestClient,
  repo: string,
  reads: typeof READS,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const { tool, args } of reads) answers.push(await client.call(tool, { repo, ...args }));
  return answers;
}

/** Builds them, and gives them away: each to a user that is not the server's. */
function buildOwned(temp: string, directory: string): void {
  gitFixtures.buildHostile(temp, []);
  for (const name of NAMES) {
    const to = join(directory, name);
    const from = join(temp, 'ordinary');
    if (name.startsWith('bare')) cpSync(join(from, '.git'), to, { recursive: true });
    else cpSync(from, to, { recursive: true });
    if (name.startsWith('bare')) gitFixtures.git(to, ['config', 'core.bare', 'true']);
    if (name === PARTIAL) makePartial(to);
  }
  // Only root may give files away; what anybody else builds is not the server's user's either.
  if (process.getuid?.() !== 0) return;
  for (const name of NAMES) {
    const owner = name.endsWith('of-root') ? '0:0' : '12345:12345';
    execFileSync('chown', ['-hR', owner, join(directory, name)]);
  }
}

/** Takes the files of HEAD away, and promises that they can be had from this machine. */
function makePartial(repository: string): void {
  for (const file of ['README.md', 'src/app.ts']) {
    const id = gitFixtures.git(repository, ['rev-parse', `HEAD:${file}`]).trim();
    rmSync(join(repository, '.git/objects', id.slice(0, 2), id.slice(2)));
  }
  const settings = {
    'core.repositoryformatversion': '1',
    'extensions.partialClone': 'origin',
    'remote.origin.promisor': 'true',
    'remote.origin.partialclonefilter': 'blob:none',
    'remote.origin.url': `git://127.0.0.1:${String(PORT)}/x`,
  };
  for (const [key, value] of Object.entries(settings))
    gitFixtures.git(repository, ['config', key, value]);
}

/** Says when somebody dials, and hangs up. */
const LISTENER = `
  const server = require('node:net').createServer((socket) => {
    console.log('dialled');
    socket.destroy();
  });
  server.listen(${String(PORT)}, '127.0.0.1', () => console.log('listening'));
  process.stdin.resume().once('end', () => process.exit());`;

/** As a careless server reads it. */
const FETCHES = `
  require('node:child_process').spawnSync(
    '/usr/bin/git',
    ['-c', 'safe.directory=*', '-C', '/repositories/${PARTIAL}', 'show', 'HEAD'],
    { timeout: 10_000 },
  );`;
