import { connect, runToEnd, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import lock from '../../tools.lock.json' with { type: 'json' };
import { HOSTILE } from '../guard/hostile.ts';
import { stateSeenBy } from '../state.ts';
import type { DatabaseInContainer } from './database.ts';
import { findPostgresImages, type PostgresImage } from './images.ts';
import { openWorld, ROLE, type World } from './world.ts';

const isRun = inject('containers');
const { found, missing } = isRun ? await findPostgresImages() : { found: [], missing: [] };
for (const what of missing) console.log(`a version of PostgreSQL is not tested: ${what}`);

/** Those that CI can make. */
const MADE = [15, 17, 18];
/** Of each class of hostile statements; another suite sends them all. */
const STATEMENTS_OF_A_CLASS = 2;
/** How long all of them may take to start on a busy machine. */
const START_MS = 120_000;

describe.runIf(isRun)('versions of PostgreSQL', () => {
  let world: World;
  const databases = new Map<number, DatabaseInContainer>();
  beforeAll(async () => {
    world = await openWorld();
    const start = async ({ version, image }: PostgresImage) =>
      databases.set(version, await world.database(image));
    await Promise.all(found.map(start));
  }, START_MS);
  afterAll(() => world.close());

  test('each that CI can make is here, and one at least is anywhere', () => {
    const versions = found.map(({ version }) => version);
    const expected = process.env['CI'] === 'true' ? MADE : versions.slice(0, 1);
    expect(versions).toEqual(expect.arrayContaining(expected));
  });

  describe.each(found)('PostgreSQL $version', ({ version }) => {
    let database: DatabaseInContainer;
    let client: TestClient;
    beforeAll(async () => {
      database = databases.get(version) ?? expect.fail('it was started');
      const mask = ['--mask', 'app.customers.email=domain'];
      client = await connect('v2 legacy', world.server(database.alias, [], ...mask));
    });
    afterAll(() => client?.close());

    const rows = async (sql: string) => (await client.call('query', { sql })).structured['rows'];

    test(
      verifies('C5.database-tls', 'is read over TLS, as the role that setup-sql makes'),
      async () => {
        const [server] = await database.admin('SHOW server_version_num');
        expect(Math.floor(Number(server?.['server_version_num']) / 10_000)).toBe(version);
        expect(await rows('SELECT current_user, count(*) FROM app.orders')).toEqual([
          [ROLE, '200'],
        ]);
        expect(await database.admin(SESSIONS)).toEqual([{ usename: ROLE, ssl: true }]);
      },
    );

    test('is listed, described and browsed', async () => {
      expect((await client.listTools()).map(({ name }) => name)).toEqual(
        lock.tools.map(({ name }) => name),
      );
      expect((await client.call('search_objects', {})).text).toContain('app.order_totals');
      const described = await client.call('describe_object', { name: 'app.orders' });
      expect(described.text).toContain('customer_id');
      const browsed = await client.call('browse_rows', { table: 'app.orders' });
      expect([browsed.isError, browsed.text]).toEqual([false, expect.stringContaining('1.5')]);
      const plan = await client.call('explain', { sql: 'SELECT * FROM app.orders', analyze: true });
      expect([plan.isError, plan.text]).toEqual([
        false,
        expect.stringContaining('actual_rows: 200'),
      ]);
      for (const name of ['activity', 'database_health', 'index_advice'])
        expect([name, (await client.call(name)).isError]).toEqual([name, false]);
    });

    test(verifies('C10.statements', 'hostile statements leave nothing in it'), async () => {
      const state = () => stateSeenBy(database.admin, ROLE);
      const before = await state();
      for (const statements of Object.values(HOSTILE))
        for (const [, sql] of statements.slice(0, STATEMENTS_OF_A_CLASS)) {
          const { isError, text } = await client.call('query', { sql });
          expect([sql, isError, text]).toEqual([sql, true, expect.not.stringMatching(/^internal/)]);
          await client.call('explain', { sql, analyze: true });
        }
      expect(await state()).toEqual(before);
      // The same eyes do see what a read-only transaction lets through.
      await database.admin('BEGIN READ ONLY; SELECT 1; COMMIT; SELECT app.write()');
      expect(await state()).not.toEqual(before);
    });

    test(verifies('E6.masks', 'masks hold in it'), async () => {
      const first = 'FROM app.customers WHERE id = 7';
      expect(await rows(`SELECT email ${first}`)).toEqual([['****@example.com']]);
      const everything = await client.call('query', {
        sql: `SELECT to_json(c) FROM app.customers c`,
      });
      expect(everything.text).toContain('Customer 7');
      expect(everything.text).not.toContain('person7');
      expect(await rows("SELECT id FROM app.customers WHERE email LIKE 'person7@%'")).toEqual([]);
    });

    test(
      verifies('C6.posture', 'nothing is found against the role, as the server sees it'),
      async () => {
        const { structured } = await client.call('security_posture');
        expect(structured).toMatchObject({ grade: 'A', findings: [] });
        const checked = await runToEnd(world.server(database.alias, [], 'check'));
        expect(checked).toMatchObject({ status: 0 });
        // A role that may do one thing more is no longer clean.
        await database.admin(`GRANT INSERT ON app.wages TO ${ROLE}`);
        const writer = await runToEnd(world.server(database.alias, [], 'check'));
        expect(writer).toMatchObject({ status: 2 });
      },
    );
  });
});

/** Sessions over the network that are not the superuser's. */
const SESSIONS = `SELECT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
  WHERE usename <> 'postgres' AND client_addr IS NOT NULL`;
