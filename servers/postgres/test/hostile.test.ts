import { connect, type TestClient, verifies } from '@secure-mcp/testkit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { HOSTILE } from './guard/hostile.ts';
import { makeShop } from './shop.ts';
import { OBJECTS, stateSeenBy } from './state.ts';

const shop = await makeShop(OBJECTS);
const { database, role } = shop;
const owner = database.role('owner');
await database.admin(`CREATE ROLE "${owner}" LOGIN PASSWORD '${owner}';
  ALTER SCHEMA app OWNER TO "${owner}";
  ALTER TABLE app.orders OWNER TO "${owner}"; ALTER TABLE app.customers OWNER TO "${owner}";
  ALTER TABLE app.written OWNER TO "${owner}"; ALTER FUNCTION app.write() OWNER TO "${owner}"`);

/** Whoever hears a notification of the calls. */
const listener = new Client({ connectionString: database.url() });
const heard: string[] = [];
beforeAll(async () => {
  await listener.connect();
  listener.on('notification', ({ channel }) => heard.push(channel));
  for (const channel of ['x', 'orders', 'c', 'stain']) await listener.query(`LISTEN ${channel}`);
});
afterAll(async () => {
  await listener.end();
  await database.drop();
});

const stateOf = () => stateSeenBy(database.admin, database.name);

/** Sessions of the server under test: none of them may be another one's, or stay in a transaction. */
const SESSIONS = `SELECT usename, state, count(*)::int AS sessions FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> $1
    AND backend_type = 'client backend' GROUP BY 1, 2`;

const ROLES = [
  ['the superuser', database.url()],
  ['the owner', database.url(owner)],
  ['the role that setup-sql makes', database.url(role)],
] as const;

describe.each(ROLES)('hostile statements, as %s', (_, url) => {
  let client: TestClient;
  let before: Readonly<Record<string, unknown>>;
  let who: unknown;
  beforeAll(async () => {
    client = await connect(
      'v2 legacy',
      bundle(
        url,
        '--schema',
        'app',
        '--unsafe-privileged-role',
        '--connections',
        '1',
        '--rate-limit',
        '1000000/1',
        '--log-level',
        'silent',
      ),
    );
    who = (await client.call('query', WHO)).structured['rows'];
    before = await stateOf();
  });
  afterAll(() => client.close());

  test.each(Object.entries(HOSTILE))(
    verifies('C10.statements', 'C6.read-only', 'C6.session', '%s: nothing changes'),
    async (_what, statements) => {
      // A text that is no Unicode is no JSON: the transport has refused it before.
      for (const [, sql] of statements.filter(([, text]) => text.isWellFormed())) {
        const { isError, text } = await client.call('query', { sql });
        expect([sql.slice(0, 100), isError]).toEqual([sql.slice(0, 100), true]);
        expect(text).not.toMatch(/^internal/);
        // The same behind EXPLAIN, which runs what it can fold while it plans.
        await client.call('explain', { sql, analyze: true });
      }
      expect(await stateOf()).toEqual(before);
      // The next call meets the session as the first one did.
      expect((await client.call('query', WHO)).structured['rows']).toEqual(who);
      const { rows } = await listener.query('SELECT pg_backend_pid() AS pid');
      const sessions = await database.admin(SESSIONS, [rows[0].pid]);
      expect(sessions.filter(({ state }) => state !== 'idle')).toEqual([]);
      expect(sessions.reduce((sum, { sessions: count }) => sum + Number(count), 0)).toBeLessThan(3);
      expect(heard).toEqual([]);
    },
  );
});

/** Who a session is, and what a plain statement finds in it. */
const WHO = {
  sql: "SELECT current_user, session_user, current_catalog, count(*), to_char(date '2020-02-03', 'YYYY') FROM app.orders",
};

/** The same, on a server that only does what is commonly advised: a read-only transaction, and COMMIT. */
test(
  verifies('C10.statements', 'a read-only transaction alone lets each of these leave something'),
  async () => {
    const naive = new Client({ connectionString: database.url(owner) });
    await naive.connect();
    const run = async (sql: string) => {
      await naive.query('BEGIN READ ONLY');
      await naive.query(sql).catch(() => undefined);
      await naive.query('COMMIT');
    };
    const before = await stateOf();
    await run('SELECT 1; COMMIT; INSERT INTO app.written VALUES (2)');
    expect(await stateOf()).not.toMatchObject({ rows: before['rows'] });
    await run('SELECT pg_advisory_lock(4711)');
    expect((await stateOf())['locks']).toBe('1');
    await run("SELECT pg_notify('stain', 'a value')");
    await expect.poll(() => heard).toContain('stain');
    await run("SELECT set_config('statement_timeout', '77', false)");
    expect((await naive.query('SHOW statement_timeout')).rows).toEqual([
      { statement_timeout: '77ms' },
    ]);
    await naive.end();
  },
);
