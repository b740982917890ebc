import { connect, type TestClient, verifies } from '@secure-mcp/testkit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { HOSTILE } from './guard/hostile.ts';
import { makeShop } from './shop.ts';

/** What a hostile statement could leave behind, besides what the corpus names. */
const OBJECTS = `
  CREATE SEQUENCE app.counter;
  CREATE TABLE app.written (id int);
  CREATE FUNCTION app.write() RETURNS int LANGUAGE sql AS 'INSERT INTO app.written VALUES (1) RETURNING id';
  GRANT USAGE, SELECT ON SEQUENCE app.counter TO PUBLIC;`;

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

/** What outlives a call, as the database itself sees it. */
const STATE: Readonly<Record<string, string>> = {
  rows: `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (
    SELECT o::text AS t FROM app.orders o UNION ALL SELECT c::text FROM app.customers c
    UNION ALL SELECT w::text FROM app.written w) AS all_rows`,
  relations: `SELECT md5(string_agg(c.oid || relname || relacl::text || relowner, '|' ORDER BY c.oid))
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_(toast|temp)'`,
  functions: `SELECT count(*)::text FROM pg_proc`,
  schemas: `SELECT md5(string_agg(nspname || coalesce(nspacl::text, ''), '|' ORDER BY oid))
    FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'`,
  roles: `SELECT md5(string_agg(r::text, '|' ORDER BY rolname)) FROM pg_roles r WHERE rolname ~ '${database.name}'`,
  roleSettings: `SELECT coalesce(md5(string_agg(s::text, '|' ORDER BY s::text)), '') FROM pg_db_role_setting s
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND (setrole = 0 OR setrole IN (SELECT oid FROM pg_roles WHERE rolname ~ '${database.name}'))`,
  sequence: 'SELECT last_value || is_called::text FROM app.counter',
  largeObjects: 'SELECT count(*)::text FROM pg_largeobject_metadata',
  prepared: `SELECT count(*)::text FROM pg_prepared_xacts WHERE database = current_database()`,
  locks: `SELECT count(*)::text FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  slots: 'SELECT count(*)::text FROM pg_replication_slots',
  files: `SELECT md5(string_agg(name, '|' ORDER BY name)) FROM pg_ls_dir('.') AS name WHERE name !~ '^pgsql_tmp'`,
  serverFiles: `SELECT coalesce(md5(string_agg(name, '|' ORDER BY name)), '') FROM pg_ls_dir('/tmp', true, false) AS name
    WHERE name !~ '^\\.s\\.|secure-mcp|^node|vitest'`,
  systemSettings: `SELECT md5(pg_read_file('postgresql.auto.conf', 0, 100000, true))`,
};

async function stateOf(): Promise<Readonly<Record<string, unknown>>> {
  const entries = await Promise.all(
    Object.entries(STATE).map(async ([name, sql]) => {
      const [row = {}] = await database.admin(sql);
      return [name, Object.values(row)[0]] as const;
    }),
  );
  return Object.fromEntries(entries);
}

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
