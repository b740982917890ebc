import { verifies } from '@secure-mcp/testkit';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Database } from '../../src/adapter/index.ts';
import { cell, LOGIN, makeReader, open, read, refusal, unguarded, within } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let database: Database;
let tenant: string;

/** What a function of the database can do to a session, and what a guard with a hole would let a caller do. */
const STAINS = `
  CREATE FUNCTION public.stain() RETURNS int LANGUAGE plpgsql AS $body$
  BEGIN
    PERFORM set_config('app.stain', 'left', false), set_config('statement_timeout', '0', false);
    PERFORM set_config('search_path', 'public', false), set_config('row_security', 'off', false);
    EXECUTE 'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE';
    EXECUTE 'PREPARE stain AS SELECT 1';
    EXECUTE 'LISTEN stain';
    PERFORM pg_advisory_lock(4711), pg_notify('stain', 'a value');
    RETURN pg_backend_pid();
  END $body$;
  CREATE TABLE public.written (id int);
  CREATE FUNCTION public.write() RETURNS int LANGUAGE sql AS 'INSERT INTO public.written VALUES (1) RETURNING id';
  CREATE FUNCTION public.object() RETURNS oid LANGUAGE sql AS 'SELECT lo_create(0)';
  CREATE FUNCTION public.version() RETURNS text LANGUAGE sql AS $$ SELECT 'shadowed' $$;
  CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'shadowed' $$;
  CREATE TABLE public.orders (id int, tenant text);
  INSERT INTO public.orders VALUES (1, 'one'), (2, 'two'), (3, 'two');
  ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
  CREATE POLICY by_setting ON public.orders USING (tenant = current_setting('app.tenant', true) OR current_user LIKE '%_tenant');
`;

beforeAll(async () => {
  reader = await makeReader(STAINS);
  tenant = reader.database.role('tenant');
  await reader.database.admin(
    `CREATE ROLE ${tenant}; GRANT USAGE ON SCHEMA public TO ${tenant};
     GRANT SELECT ON public.orders TO ${tenant}; GRANT ${tenant} TO ${reader.role}`,
  );
  database = open(reader.url, { connections: 1 });
});

afterEach(async () => {
  await reader.database.admin(`ALTER ROLE ${reader.role} RESET search_path`);
});

afterAll(async () => {
  await database.close();
  await reader.database.drop();
});

describe('a session', () => {
  test(
    verifies('C6.session', 'shows the next call nothing of what a statement did to it'),
    async () => {
      const listener = new Client(reader.database.url());
      await listener.connect();
      const heard: string[] = [];
      listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
      await listener.query('LISTEN stain');

      const before = await cell(database, 'SELECT public.stain()');
      const { columns, rows } = await read(
        database,
        `SELECT pg_backend_pid() AS pid, current_setting('app.stain', true) AS stain,
         (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
         (SELECT count(*)::int FROM pg_listening_channels()) AS listening,
         (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
         (SELECT count(*)::int FROM pg_cursors WHERE name NOT IN ('', '_c')) AS cursors,
         current_setting('statement_timeout') = '0' AS unlimited,
         current_setting('row_security') AS row_security,
         current_setting('transaction_read_only') AS read_only,
         current_setting('default_transaction_read_only') AS always_read_only,
         current_setting('search_path') AS search_path`,
      );
      const seen = Object.fromEntries(columns.map(({ name }, at) => [name, rows[0]?.[at]]));
      expect(seen).toEqual({
        pid: before,
        stain: expect.toSatisfy((value) => value === null || value === ''),
        prepared: 0,
        listening: 0,
        locks: 0,
        cursors: 0,
        unlimited: false,
        row_security: 'on',
        read_only: 'on',
        always_read_only: 'on',
        search_path: '"pg_catalog", "pg_temp"',
      });

      // Notifications are delivered with a commit; this one is the proof that the listener would have heard.
      await reader.database.admin(`NOTIFY stain, 'from outside'`);
      await expect.poll(() => heard).toEqual(['from outside']);
      await listener.end();
    },
  );

  test(
    verifies('C6.read-only', 'is read-only by the server’s own check, and nothing of it is kept'),
    async () => {
      const superuser = open(reader.database.url(), { unsafePrivilegedRole: true });
      const denied = await refusal(read(superuser, 'SELECT public.write()'));
      expect(denied.code).toBe('database.denied');
      expect(denied.message).toContain('25006 read_only_sql_transaction');
      // Before version 16, large objects are made in a read-only transaction, too. They go with it.
      await read(superuser, 'SELECT public.object()').catch(() => undefined);
      await superuser.close();
      const [row] = await reader.database.admin(
        `SELECT (SELECT count(*)::int FROM public.written) AS written,
              (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects`,
      );
      expect(row).toEqual({ written: 0, objects: 0 });
    },
  );

  test.each([
    'SELECT 1; SELECT 2',
    'SELECT 1; COMMIT',
    'COMMIT',
    'ROLLBACK',
    'BEGIN READ WRITE',
    'SET SESSION AUTHORIZATION DEFAULT',
    'RESET ALL',
    'DO $$ BEGIN END $$',
    'COPY public.orders TO STDOUT',
    'SHOW search_path',
    'LISTEN x',
    'PREPARE p AS SELECT 1',
    'CREATE TEMP TABLE t (id int)',
    'SELECT 1 AS id INTO TEMP t',
    'WITH gone AS (DELETE FROM public.orders RETURNING id) SELECT * FROM gone',
    'INSERT INTO public.orders VALUES (9)',
    'EXPLAIN SELECT 1',
    'DECLARE d CURSOR WITH HOLD FOR SELECT 1',
    '',
  ])(verifies('C2.statement', 'its cursor takes a query and nothing else: %s'), async (text) => {
    const superuser = open(reader.database.url(), { unsafePrivilegedRole: true });
    const how = { parameters: [], as: LOGIN, searchPath: [], analyze: true };
    for (const work of [
      () => read(superuser, text),
      () => superuser.explain(unguarded(text), how, within()),
    ]) {
      const { code, message } = await refusal(work());
      expect(code).toBe('database.error');
      expect(message).toMatch(
        /42601 syntax_error|0A000 feature_not_supported|42P11 invalid_cursor_definition/,
      );
    }
    expect(await cell(superuser, 'SELECT count(*)::int FROM public.orders')).toBe(3);
    await superuser.close();
  });

  test('a statement that would end the message of the protocol is not sent', async () => {
    expect((await refusal(read(database, 'SELECT 1\0; COMMIT'))).code).toBe('sql.invalid');
    expect(
      (
        await refusal(
          database.read(
            unguarded('SELECT $1::int', 1),
            { parameters: [], as: LOGIN, searchPath: [], skip: 0, limit: 1 },
            within(),
          ),
        )
      ).code,
    ).toBe('sql.parameters');
  });
});

describe('the prelude', () => {
  test(
    verifies('C2.statement', 'sets how strings are read, whatever the role is set to'),
    async () => {
      await reader.database.admin(
        `ALTER ROLE ${reader.role} SET standard_conforming_strings = off;
       ALTER ROLE ${reader.role} SET bytea_output = 'escape';
       ALTER ROLE ${reader.role} SET "DateStyle" = 'German'`,
      );
      const fresh = open(reader.url);
      // With the setting off, the backslash would hide the quote, and the second column would be a string.
      const { rows } = await read(
        fresh,
        String.raw`SELECT 'a\', 1 AS ", 2 ", '\x00ff'::bytea, date '2026-01-02'`,
      );
      expect(rows).toEqual([['a\\', 1, expect.stringContaining('2 bytes'), '2026-01-02']]);
      await fresh.close();
      await reader.database.admin(
        `ALTER ROLE ${reader.role} RESET ALL; ALTER ROLE ${reader.role} SET default_transaction_read_only = on`,
      );
    },
  );

  test(
    verifies('C2.statement', 'resolves names in pg_catalog, whatever the role is set to'),
    async () => {
      await reader.database.admin(`ALTER ROLE ${reader.role} SET search_path = public, pg_catalog`);
      const fresh = open(reader.url);
      expect(await cell(fresh, 'SELECT version()')).toMatch(/^PostgreSQL/);
      expect(await cell(fresh, `SELECT current_setting('search_path')`)).toBe(
        '"pg_catalog", "pg_temp"',
      );
      await fresh.close();
    },
  );

  test('quotes the schemas of the search path', async () => {
    const searchPath = ['we"ird', 'public', 'pg_catalog'];
    const path = await cell(database, `SELECT current_setting('search_path')`, { searchPath });
    expect(path).toBe('"pg_catalog", "we""ird", "public", "pg_temp"');
    expect(await cell(database, 'SELECT current_schemas(false)::text', { searchPath })).toBe(
      '{pg_catalog,public}',
    );
    const { code } = await refusal(read(database, 'SELECT 1', { searchPath: ['$user'] }));
    expect(code).toBe('database.refused');
  });

  test(verifies('C6.session', 'that fails lets nothing of the statement run'), async () => {
    for (const as of [
      { role: 'nobody_at_all', settings: {} },
      { role: 'postgres', settings: {} },
      { role: reader.database.role('never_made'), settings: {} },
    ]) {
      const started = performance.now();
      const { code } = await refusal(read(database, 'SELECT pg_sleep(4.5)', { as }));
      expect(code).toBe('database.refused');
      expect(performance.now() - started).toBeLessThan(4000);
    }
    expect(await cell(database, 'SELECT current_user::text')).toBe(reader.role);
  });

  test.each([
    'role',
    'search_path',
    'session_authorization',
    'statement_timeout',
    'secure_mcp.salt',
    'SECURE_MCP.SALT',
    'a b.c',
    '',
  ])(verifies('E5.rows', 'takes no setting %j for row-level security'), async (name) => {
    const as = { role: undefined, settings: { [name]: 'x' } };
    expect((await refusal(read(database, 'SELECT 1', { as }))).code).toBe('database.refused');
  });

  test(verifies('E5.rows', 'takes no role that means the login role'), async () => {
    for (const role of ['none', ''])
      expect((await refusal(read(database, 'SELECT 1', { as: { role, settings: {} } }))).code).toBe(
        'database.refused',
      );
  });

  test(
    verifies('E5.rows', 'shows row-level security the caller’s role and settings, for one call'),
    async () => {
      const rows = 'SELECT id FROM public.orders ORDER BY id';
      const one = { role: undefined, settings: { 'app.tenant': 'one' } };
      const two = { role: undefined, settings: { 'app.tenant': 'two' } };
      expect((await read(database, rows, { as: one })).rows).toEqual([[1]]);
      expect((await read(database, rows, { as: two })).rows).toEqual([[2], [3]]);
      expect((await read(database, rows)).rows).toEqual([]);
      const as = { role: tenant, settings: {} };
      expect((await read(database, rows, { as })).rows).toEqual([[1], [2], [3]]);
      expect(await cell(database, 'SELECT current_user::text', { as })).toBe(tenant);
      expect(await cell(database, 'SELECT current_user::text')).toBe(reader.role);
      expect((await read(database, rows)).rows).toEqual([]);
    },
  );

  test(verifies('E5.rows', 'filters rows also where the role is set to fail instead'), async () => {
    await reader.database.admin(`ALTER ROLE ${reader.role} SET row_security = off`);
    const fresh = open(reader.url);
    const as = { role: undefined, settings: { 'app.tenant': 'one' } };
    expect((await read(fresh, 'SELECT id FROM public.orders', { as })).rows).toEqual([[1]]);
    await fresh.close();
    await reader.database.admin(`ALTER ROLE ${reader.role} RESET row_security`);
  });

  test(
    verifies(
      'E13.deadline',
      'gives a statement the time of its limit, or what is left of the call',
    ),
    async () => {
      const timeout = `SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'`;
      expect(await cell(database, timeout)).toBe(5000);
      const left = await cell(database, timeout, { run: within(1000) });
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(1000);
      expect(await cell(database, `SELECT current_setting('lock_timeout')`)).toBe('500ms');
      if (reader.database.version >= 170_000)
        expect(await cell(database, `SELECT current_setting('transaction_timeout')`)).toBe('6s');
      expect((await refusal(read(database, 'SELECT 1', { run: within(-1) }))).code).toBe(
        'database.timeout',
      );
    },
  );

  test(verifies('E6.masks', 'has one salt for all databases and calls'), async () => {
    const other = open(reader.url);
    const salt = `SELECT current_setting('secure_mcp.salt')`;
    const salts = new Set([
      await cell(database, salt),
      await cell(database, salt),
      await cell(other, salt),
    ]);
    expect([...salts]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    await other.close();
  });
});

describe('calls at the same time', () => {
  test.each([1, 4])(verifies('C6.session', 'do not meet in %i sessions'), async (connections) => {
    const shared = open(reader.url, { connections });
    const calls = Array.from({ length: 60 }, async (_, at) => {
      const as = { role: undefined, settings: { 'app.tenant': String(at) } };
      if (at % 7 === 0) await read(shared, 'SELECT 1/0', { as }).catch(() => undefined);
      return cell(shared, `SELECT current_setting('app.tenant')`, { as });
    });
    expect(await Promise.all(calls)).toEqual(calls.map((_, at) => String(at)));
    await shared.close();
  });
});
