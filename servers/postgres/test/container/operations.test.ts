import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { connect, startRaw, type TestClient, verifies } from '@secure-mcp/testkit';
import { docker, dockerSays } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { DatabaseInContainer } from './database.ts';
import { COMMON_IMAGE, whyMissing } from './images.ts';
import { openWorld, ours, PASSWORD, ROLE, strangers, type World } from './world.ts';

const isRun = inject('containers') && (await whyMissing(COMMON_IMAGE)) === undefined;
const UNLIMITED = ['--rate-limit', '1000000/1'];
const POLL = { timeout: 15_000, interval: 100 };
const COUNT = { sql: 'SELECT count(*) FROM app.orders' };

describe.runIf(isRun)('in a container, on a network with its database', () => {
  let world: World;
  let database: DatabaseInContainer;
  beforeAll(async () => {
    world = await openWorld();
    database = await world.database(COMMON_IMAGE);
  });
  afterAll(() => world.close());

  /** What a call comes to: `answered`, or the code of its refusal. */
  const outcome = async (client: TestClient): Promise<string> => {
    const { isError, text } = await client.call('query', COUNT);
    return isError ? text.slice(0, text.indexOf(':')) : 'answered';
  };
  /** Ends the sessions of the server, so that its next call opens another. */
  const endSessions = () =>
    database.admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`,
    );

  test(
    verifies('C13.out-of-sight', 'neither the engine nor a log shows what a mounted file holds'),
    async () => {
      const shown = async (name: string) => {
        const { stdout, stderr } = await docker('logs', name);
        return `${await dockerSays('inspect', name)}${stdout}${stderr}`;
      };
      const name = newName();
      const loud = ['--log-level', 'debug'];
      const client = await connect(
        'v2 legacy',
        world.server(database.alias, [name.option], ...loud),
      );
      expect(await outcome(client)).toBe('answered');
      await client.call('query', { sql: 'SELECT nothing' });
      expect(await shown(name.text)).toContain(world.files.at(database.alias));
      expect(await shown(name.text)).not.toContain(PASSWORD);
      await client.close();

      // A variable does its work as well, and anybody who may ask the engine reads it.
      const other = newName();
      const command = world.containers.server(
        'postgres',
        {
          network: world.network,
          options: [
            other.option,
            `--volumes-from=${world.files.id}:ro`,
            `--env=DATABASE_URL=${database.url(ROLE, PASSWORD)}`,
          ],
        },
        '--database-ca',
        world.files.at('authorities.pem'),
        '--schema',
        'app',
      );
      const told = await connect('v2 legacy', command);
      expect(await outcome(told)).toBe('answered');
      expect(await shown(other.text)).toContain(PASSWORD);
      await told.close();
    },
  );

  test(
    verifies('C13.password-file', 'a password is replaced in its mounted file, without a restart'),
    async () => {
      const { files } = world;
      files.putSecret('url', database.url(ROLE));
      files.putSecret('password', PASSWORD);
      const from = ['--password-file', files.at('password'), ...UNLIMITED];
      const client = await connect('v2 legacy', world.server('url', [], ...from));
      expect(await outcome(client)).toBe('answered');

      const next = randomUUID();
      await database.admin(`ALTER ROLE ${ROLE} PASSWORD '${next}'`);
      await endSessions();
      await expect.poll(() => outcome(client), POLL).toBe('database.refused');
      files.putSecret('password', next);
      await expect.poll(() => outcome(client), POLL).toBe('answered');
      await database.admin(`ALTER ROLE ${ROLE} PASSWORD '${PASSWORD}'`);
      await client.close();
    },
  );

  test(
    verifies(
      'C5.database-tls',
      'C13.reload',
      'a certificate of a new authority counts once its file does',
    ),
    async () => {
      const { files } = world;
      const hosts = [database.alias];
      const client = await connect('v2 legacy', world.server(database.alias, [], ...UNLIMITED));
      expect(await outcome(client)).toBe('answered');
      // The same authority: nobody has to be told.
      await database.show(ours.issueServer({ hosts }));
      await endSessions();
      await expect.poll(() => outcome(client), POLL).toBe('answered');
      await database.show(strangers.issueServer({ hosts }));
      await endSessions();
      await expect.poll(() => outcome(client), POLL).toBe('database.refused');
      files.put('authorities.pem', strangers.certificate);
      await expect.poll(() => outcome(client), POLL).toBe('answered');
      await client.close();
      files.put('authorities.pem', ours.certificate);
      await database.show(ours.issueServer({ hosts }));
    },
  );

  test(
    verifies('E13.restart', 'calls under load survive a database whose container is killed'),
    async () => {
      const client = await connect('v2 legacy', world.server(database.alias, [], ...UNLIMITED));
      const seen = new Set<string>();
      let isOver = false;
      const callers = Array.from({ length: 6 }, async () => {
        while (!isOver) {
          seen.add(await outcome(client));
          await sleep(20);
        }
      });
      try {
        await expect.poll(() => [...seen], POLL).toEqual(['answered']);
        await database.crash();
        await expect.poll(() => [...seen], POLL).toContain('database.unavailable');
        await expect.poll(() => outcome(client), POLL).toBe('answered');
      } finally {
        isOver = true;
        await Promise.all(callers);
      }
      expect([...seen].toSorted()).toEqual(['answered', 'database.unavailable']);
      await client.close();
    },
  );

  test(
    verifies('E14.signal', 'when the engine stops it, calls under way are answered first'),
    async () => {
      const name = newName();
      const raw = startRaw(world.server(database.alias, [name.option], ...UNLIMITED));
      await raw.initialize();
      await raw.ask('first', 'tools/call', { name: 'query', arguments: COUNT });
      const ended = once(raw.process, 'close');
      const calls = Array.from({ length: 4 }, (_, at) =>
        raw.ask(at, 'tools/call', { name: 'query', arguments: SLOW }, 20_000),
      );
      await expect.poll(() => database.admin(BUSY), POLL).toEqual([{ busy: 4 }]);
      await dockerSays('stop', name.text);
      for (const { result } of await Promise.all(calls)) expect(result).toBeDefined();
      expect(await ended).toEqual([0, null]);
      await expect.poll(() => database.admin(SESSIONS), POLL).toEqual([]);
    },
  );
});

function newName(): { readonly text: string; readonly option: string } {
  const text = `secure-mcp-${randomUUID()}`;
  return { text, option: `--name=${text}` };
}

/** About a second of work. */
const SLOW = {
  sql: 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2000000) SELECT max(n) FROM r',
};
const SESSIONS = `SELECT state FROM pg_stat_activity WHERE usename = '${ROLE}'`;
const BUSY = `SELECT count(*)::int AS busy FROM pg_stat_activity
  WHERE usename = '${ROLE}' AND state = 'active' AND query LIKE 'FETCH%'`;
