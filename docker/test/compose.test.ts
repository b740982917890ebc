import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { connect, connectHttp, runToEnd, verifies } from '@secure-mcp/testkit';
import { makePerson } from '@secure-mcp/testkit/http-contract';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import {
  type Composition,
  docker,
  hasCompose,
  type Server,
  SERVERS,
  startComposition,
} from './composition.ts';
import { testDatabase, testHardening, testPartition } from './composition-walls.ts';

/** In CI the plugin has to be there, so there its absence fails. */
const isThere = inject('containers') && ((await hasCompose()) || process.env['CI'] === 'true');
if (!isThere) console.log('The demonstration by compose is left out: `docker compose` is missing');

/** A call of each server's, and what its answer has to hold. */
const CALLS: Readonly<Record<Server, readonly [tool: string, args: object, holds: string]>> = {
  filesystem: ['read_file', { path: 'files:hello.txt' }, 'Hello, reader.'],
  'postgres-server': [
    'query',
    { sql: 'SELECT name FROM shop.customers WHERE id = $1', params: [1] },
    'Ada Lovelace',
  ],
  git: ['git_log', {}, 'Greet the reader'],
};

/** Longer than building what is not built yet, on a machine that does much else, in milliseconds. */
const UP_MS = 180_000;

test('the role of its database is the one that setup-sql prints', async () => {
  const program = new URL('../../servers/postgres/dist/main.cjs', import.meta.url).pathname;
  const args = [program, 'setup-sql', '--schema', 'shop'];
  const { stdout } = await runToEnd({ command: process.execPath, args });
  const file = new URL('../database/20-role.sql', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(stdout);
});

describe.runIf(isThere)('compose', () => {
  let started: Composition | undefined;
  const world = (): Composition => {
    if (started === undefined) throw new Error('it is not up');
    return started;
  };
  const authorities = getCACertificates('default');

  beforeAll(async () => {
    started = await startComposition();
    // What a client on the host is given beside the URL: NODE_EXTRA_CA_CERTS, without a process of its own.
    setDefaultCACertificates([...authorities, started.authority]);
  }, UP_MS);
  afterAll(async () => {
    setDefaultCACertificates(authorities);
    await started?.close();
  }, UP_MS);

  describe('getting in', () => {
    testGettingIn(world);
  });
  describe('what each is held to', () => {
    testHardening(world);
  });
  describe('who reaches whom', () => {
    testPartition(world);
  });
  describe('the database', () => {
    testDatabase(world);
  });

  test.each(['filesystem-stdio', 'git-stdio'])(
    '%s serves its client, on no network',
    async (service) => {
      const client = await connect('v2 modern', world().stdio(service));
      const [tool, args, holds] = CALLS[service === 'git-stdio' ? 'git' : 'filesystem'];
      const { text } = await client.call(tool, args);
      const mine = `label=com.docker.compose.project=${world().project}`;
      const [id = ''] = (
        await docker('ps', '-q', '-f', mine, '-f', `label=com.docker.compose.service=${service}`)
      ).split('\n');
      const mode = await docker('inspect', '-f', '{{ .HostConfig.NetworkMode }}', id);
      await client.close();
      expect(text).toContain(holds);
      expect(mode.trim()).toBe('none');
    },
  );

  test('a directory to serve that is not there is refused, and not made', async () => {
    const missing = join(tmpdir(), `secure-mcp-missing-${randomUUID()}`);
    const { command, args, env } = world().stdio('filesystem-stdio');
    const run = runToEnd({ command, args, env: { ...env, FILES: missing } });
    expect((await run).status).not.toBe(0);
    expect(existsSync(missing)).toBe(false);
  });

  // The last one: it takes it all away.
  test('nothing is left of it once it is down', async () => {
    const left = async (): Promise<readonly string[]> => {
      const mine = ['--filter', `label=com.docker.compose.project=${world().project}`, '-q'];
      const all = [
        await docker('ps', '--all', ...mine),
        await docker('network', 'ls', ...mine),
        await docker('volume', 'ls', ...mine),
      ];
      return all.map((lines) => (lines === '' ? 'nothing' : 'some'));
    };
    expect(await left()).toEqual(['some', 'some', 'some']);
    await world().down();
    // What a client has just left is still on its way.
    await expect.poll(left, { timeout: 20_000 }).toEqual(['nothing', 'nothing', 'nothing']);
  });
});

function testGettingIn(world: () => Composition): void {
  const tokens = new Map<Server, string>();

  test.each(SERVERS)(
    verifies('C4.discovery', 'a client that knows the URL of %s alone registers, signs in, calls'),
    async (server) => {
      const { resources, issuer } = world();
      const url = new URL(resources[server]);
      const person = await makePerson('ada', { server: url, registers: true });
      const client = await person.through(() =>
        connectHttp('v2 modern', { url, authProvider: person.provider }),
      );
      const [tool, args, holds] = CALLS[server];
      const { text } = await client.call(tool, args);
      await client.close();
      tokens.set(server, person.token());
      expect(text).toContain(holds);
      expect(person.visits.map(({ origin }) => origin)).toEqual([issuer]);
    },
  );

  test.each(SERVERS)(
    verifies(
      'C4.jwt',
      'C4.required',
      '%s takes its own token, none of another server’s, and no call without',
    ),
    async (server) => {
      const { resources } = world();
      const asked = async (token?: string): Promise<number> => {
        const answer = await fetch(resources[server], {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
        });
        await answer.body?.cancel();
        return answer.status;
      };
      const others = SERVERS.filter((other) => other !== server);
      expect(await asked(tokens.get(server))).toBe(200);
      for (const other of others) expect(await asked(tokens.get(other) ?? '')).toBe(401);
      expect(await asked()).toBe(401);
    },
  );
}
