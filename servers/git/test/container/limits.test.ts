import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import {
  type Answer,
  connect,
  gitFixtures,
  makeTemp,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { HARDENED, openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { runCareless } from './careless.ts';
import { inside } from './inside.ts';
import { ONCE } from './once.ts';

/** Those that take most memory: the status of the first takes more than a container has. */
const WORST = ['entry-name-bomb', 'message-bomb', 'wide-tree', 'tree-bomb'];

/** Calls at the same time; the container holds 128 processes and threads. */
const CALLS = 64;

/** Milliseconds for a test on a busy machine. */
const TEST_MS = 120_000;

describe.runIf(inject('containers'))(
  'in a container that has little of everything',
  { timeout: TEST_MS },
  () => {
    const temp = makeTemp();
    const directory = join(temp.path, 'repositories');
    const mounts = [{ from: directory, to: '/repositories' }];
    const containers = openContainers();
    afterAll(async () => {
      await containers.close();
      temp.remove();
    });
    beforeAll(() => {
      for (const bomb of WORST) gitFixtures.buildBomb(bomb, directory);
    });

    /** A server of the bombs, and of the repository that they are made from, which has no trap. */
    async function start({ place, deadlineMs = 60_000 }: How) {
      const name = `secure-mcp-git-${randomUUID()}`;
      const own = place === undefined ? [] : [{ from: place, to: '/private', writable: true }];
      const server = containers.server(
        'git',
        { mounts: [...mounts, ...own], options: [`--name=${name}`] },
        '--rate-limit',
        '1000000/1',
        '--concurrency',
        '64',
        '--deadline-ms',
        String(deadlineMs),
        ...(place === undefined ? [] : ['--private-directory', '/private']),
        'bombs=/repositories',
        'plain=/repositories/.ordinary',
      );
      return { client: await connect('v2 modern', server), ...inside(name) };
    }

    describe('of memory', () => {
      let one: Awaited<ReturnType<typeof start>>;
      beforeAll(async () => {
        one = await start({ deadlineMs: 1000 });
      });

      test('plain git is ended by the kernel', async () => {
        const args = ['status', '--porcelain'];
        const [end] = await runCareless({ containers, mounts, trusting: true }, [
          { directory: '/repositories/entry-name-bomb', args, timeoutMs: 20_000 },
        ]);
        expect(end?.outOfMemory).toBe(true);
      });

      test.each(WORST)(
        verifies('C10.repository-bombs', '%s: every call ends, and the kernel ends no process'),
        async (bomb) => {
          expect(unclear(await askAll(one.client, `bombs/${bomb}`))).toEqual([]);
          expect(await one.killedForMemory()).toBe(0);
        },
      );

      test(
        verifies(
          'C10.repository-bombs',
          'all of them at a time do not end the server, and it answers the next call',
        ),
        async () => {
          const all = WORST.map((bomb) => askAll(one.client, `bombs/${bomb}`));
          expect(unclear((await Promise.all(all)).flat())).toEqual([]);
          // On a busy machine the kernel may be faster than our watch, and takes a git first. Had it taken
          // the server, nobody would answer here.
          expect(await one.refusedForNumber()).toBe(0);
          // Its deadline is a second, which can be short for a busy machine.
          const next = () => one.client.call('git_log', { repo: 'plain' });
          await expect.poll(async () => (await next()).isError, { timeout: 60_000 }).toBe(false);
        },
      );
    });

    describe('of processes, and of room for temporary files', () => {
      let one: Awaited<ReturnType<typeof start>>;
      beforeAll(async () => {
        one = await start({});
      });

      test(
        verifies(
          'E13.concurrency',
          'sixty-four calls at a time are answered, and no process is missed',
        ),
        async () => {
          const rounds = Array.from({ length: Math.ceil(CALLS / ONCE.length) }, () => ONCE);
          const calls = rounds.flat().slice(0, CALLS);
          const answers = await Promise.all(
            calls.map(({ tool, args }) => one.client.call(tool, { repo: 'plain', ...args })),
          );
          expect(refusals(answers)).toEqual([]);
          expect(await one.refusedForNumber()).toBe(0);
        },
      );

      test('where no process can be made, calls are refused clearly; then they are answered', async () => {
        const held = await one.hold(CROWD);
        expect(held.said()).toBe('full\n');
        const answers = await askAll(one.client, 'bombs/message-bomb');
        await held.release();
        expect(refusals(answers).length).toBeGreaterThan(0);
        expect(unclear(answers)).toEqual([]);
        expect(await one.refusedForNumber()).toBeGreaterThan(0);
        expect(refusals(await askAll(one.client, 'plain'))).toEqual([]);
      });

      test('a full directory for temporary files ends nothing', async () => {
        expect(JSON.parse(await one.run(FILL))).toEqual({ code: 'ENOSPC', fits: true });
        await askAll(one.client, 'bombs/wide-tree');
        await one.run("require('node:fs').rmSync('/tmp/filled')");
        expect(refusals(await askAll(one.client, 'plain'))).toEqual([]);
        expect(await one.killedForMemory()).toBe(0);
      });
    });

    test(
      verifies('E12.private', 'what is kept for a repository is gone with the server'),
      async () => {
        const place = join(temp.path, 'private');
        mkdirSync(place);
        // As /tmp is: everybody makes their own, and nobody moves another's.
        chmodSync(place, 0o1777);
        const { client } = await start({ place });
        expect(refusals(await askAll(client, 'plain'))).toEqual([]);
        expect(readdirSync(place).length).toBe(1);
        await client.close();
        expect(readdirSync(place)).toEqual([]);
      },
    );
  },
);

interface How {
  /** Where it keeps what it makes; without it in memory, as /tmp. */
  readonly place?: string;
  readonly deadlineMs?: number;
}

function askAll(client: TestClient, repo: string): Promise<readonly Answer[]> {
  return Promise.all(ONCE.map(({ tool, args }) => client.call(tool, { repo, ...args })));
}

/** Starts programs that wait for their input until no further one can be, and ends them with its own. */
const CROWD = `
  const { spawn } = require('node:child_process');
  const children = [];
  const more = () => {
    const child = spawn('/usr/bin/git', ['hash-object', '--stdin'], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin?.on('error', () => undefined);
    child.once('error', () => console.log('full'));
    child.once('spawn', more);
    children.push(child);
  };
  more();
  process.stdin.resume().once('end', () => children.forEach((child) => child.stdin?.end()));`;

/** Fills /tmp in steps of a megabyte, and says whether it was kept to its size. */
const FILL = `
  const { appendFileSync, statSync } = require('node:fs');
  let code;
  try {
    for (;;) appendFileSync('/tmp/filled', Buffer.alloc(1 << 20));
  } catch (error) {
    ({ code } = error);
  }
  const size = Number(${JSON.stringify(HARDENED.tmp)}.match(/size=(\\d+)/)[1]);
  console.log(JSON.stringify({ code, fits: statSync('/tmp/filled').size <= size }));`;

function refusals(answers: readonly Answer[]): readonly string[] {
  return answers.filter(({ isError }) => isError).map(({ text }) => text);
}

/** Refusals that do not say why, and those of a server that broke. */
function unclear(answers: readonly Answer[]): readonly string[] {
  return refusals(answers).filter((text) => !/^[a-z]+\.[a-z_]+: /.test(text));
}
