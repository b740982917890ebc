import { randomUUID } from 'node:crypto';

import { connect, runToEnd, type TestClient, verifies } from '@secure-mcp/testkit';
import { dockerSays, HARDENED, spentIn } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { DatabaseInContainer } from './database.ts';
import { COMMON_IMAGE, whyMissing } from './images.ts';
import { openWorld, type World } from './world.ts';

const isRun = inject('containers') && (await whyMissing(COMMON_IMAGE)) === undefined;

const BIG = `
  CREATE TABLE app.big (id int PRIMARY KEY, body text);
  ALTER TABLE app.big ALTER COLUMN body SET STORAGE EXTERNAL;
  INSERT INTO app.big VALUES (1, repeat('x', 60000000)), (2, 'small');
  CREATE TABLE app.many (id int PRIMARY KEY, text text);
  INSERT INTO app.many SELECT n, 'row ' || n FROM generate_series(1, 300000) AS n;`;

const many = (count: number, piece: string, between: string): string =>
  Array.from({ length: count }, () => piece).join(between);

/** Those that take the server most memory; another suite sends the others. */
const BOMBS: readonly (readonly [what: string, sql: string])[] = [
  ['a cell of 60 MB', 'SELECT body FROM app.big WHERE id = 1'],
  ['all rows', 'SELECT * FROM app.many ORDER BY id'],
  ['rows of nothing', `SELECT ${many(1600, 'NULL', ',')} FROM generate_series(1, 600)`],
  ['a sum of thousands', `SELECT ${many(10_000, '1', '+')}`],
];
/** As many of each at the same time as one caller may run. */
const AT_A_TIME = 8;
/** Seconds are enough on a machine that has time. */
const BOMBS_MS = 90_000;

describe.runIf(isRun)('in a container with its memory limit', () => {
  let world: World;
  let database: DatabaseInContainer;
  beforeAll(async () => {
    world = await openWorld();
    database = await world.database(COMMON_IMAGE);
    await database.admin(BIG);
  });
  afterAll(() => world.close());

  test(
    verifies('C10.rows', 'bombs, eight at a time, do not exceed it'),
    { timeout: BOMBS_MS },
    async () => {
      const name = `secure-mcp-${randomUUID()}`;
      const client = await connect(
        'v2 legacy',
        world.server(database.alias, [`--name=${name}`], '--rate-limit', '1000000/1'),
      );
      for (const [what, sql] of BOMBS) {
        const answers = await Promise.all(
          Array.from({ length: AT_A_TIME }, () => client.call('query', { sql, limit: 1000 })),
        );
        for (const { text } of answers)
          expect([what, text]).toEqual([what, expect.not.stringMatching(/^internal/)]);
      }
      // A connection that was ended with a bomb is made anew, which takes a busy machine its time.
      await expect.poll(() => ask(client), { timeout: 30_000 }).toContain('200');
      const [container] = JSON.parse(await dockerSays('inspect', name));
      expect(container.State).toMatchObject({ Running: true, OOMKilled: false });
      expect(container.HostConfig.Memory).toBe(HARDENED.memoryBytes);
      const { residentMib, chargedMib, killed } = await spentIn(name);
      expect(killed).toBe(0);
      console.log(
        `memory of the server: ${residentMib.toFixed(0)} MiB, ${chargedMib.toFixed(0)} counted`,
      );
      await client.close();
    },
  );

  test(verifies('C10.rows', 'what does exceed it is ended by the kernel'), async () => {
    const run = (naive: boolean) =>
      runToEnd(
        world.containers.server(
          'postgres',
          { naive, options: ['--entrypoint=/usr/local/bin/node'] },
          '--eval',
          `Buffer.alloc(${String(2 * HARDENED.memoryBytes)}, 1)`,
        ),
      );
    const [hardened, naive] = await Promise.all([run(false), run(true)]);
    expect([hardened.status, naive.status]).toEqual([KILLED, 0]);
  });
});

/** How the engine tells SIGKILL. */
const KILLED = 137;

async function ask(client: TestClient): Promise<string> {
  return (await client.call('query', { sql: 'SELECT count(*) FROM app.orders' })).text;
}
