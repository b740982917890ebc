import { networkInterfaces } from 'node:os';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { DatabaseOptions, Finding } from '../../src/adapter/index.ts';
import { setupSql } from '../../src/adapter/setup-sql.ts';
import { makeDatabase, type TestDatabase } from '../postgres.ts';
import { cell, open, read, refusal, startProxy, within } from './support.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await makeDatabase();
  await database.admin(
    `CREATE SCHEMA app; CREATE TABLE app.orders (id serial PRIMARY KEY, total int);
     CREATE TABLE app."Odd ""one""" (id int);
     INSERT INTO app.orders (total) VALUES (1), (2)`,
  );
});

afterAll(async () => {
  await database.drop();
});

/** A role as `setup-sql` makes it. */
async function makeRole(suffix: string, more = ''): Promise<string> {
  const role = database.role(suffix);
  await database.admin(
    setupSql({ role, database: database.name, schemas: ['app'], extensions: [] }),
  );
  await database.admin(`ALTER ROLE ${role} PASSWORD '${role}'`);
  if (more !== '') await database.admin(more.replaceAll('{role}', role));
  return role;
}

async function findingsOf(
  role: string,
  options: Partial<DatabaseOptions> = {},
): Promise<readonly Finding[]> {
  const connected = open(database.url(role), options);
  const findings = await connected.posture(within());
  await connected.close();
  return findings;
}

const idsOf = (findings: readonly Finding[], severity: Finding['severity']): readonly string[] =>
  findings.filter((finding) => finding.severity === severity).map(({ id }) => id);

describe('the role that setup-sql makes', () => {
  test(verifies('C6.posture', 'passes without a refusal and without a warning'), async () => {
    const role = await makeRole('good');
    const findings = await findingsOf(role);
    expect(findings).toEqual([]);
    const connected = open(database.url(role));
    expect(await cell(connected, 'SELECT sum(total)::int FROM app.orders')).toBe(3);
    expect((await refusal(read(connected, `SELECT nextval('app.orders_id_seq')`))).code).toBe(
      'database.denied',
    );
    await connected.close();
  });

  test('can be made again, reads what comes later, and may have any name', async () => {
    const role = database.role(`we"ird $setup$ na'me\\`);
    const sql = setupSql({
      role,
      database: database.name,
      schemas: ['app'],
      extensions: ['plpgsql', 'missing'],
    });
    await database.admin(sql);
    await database.admin(sql);
    const quoted = `"${role.replaceAll('"', '""')}"`;
    await database.admin(`ALTER ROLE ${quoted} PASSWORD 'secret'`);
    await database.admin('CREATE TABLE app.later AS SELECT 1 AS id');
    const connected = open(database.url(role, 'secret'));
    expect(await cell(connected, 'SELECT id FROM app.later')).toBe(1);
    await connected.close();
    expect(sql).not.toMatch(/PASSWORD '/i);
  });

  test('reads what is listed and nothing else, when something is listed', async () => {
    const role = database.role('narrow');
    const relations = [{ schema: 'app', name: 'Odd "one"' }];
    await database.admin(
      setupSql({ role, database: database.name, schemas: ['app'], relations, extensions: [] }),
    );
    await database.admin(`ALTER ROLE ${role} PASSWORD '${role}'`);
    const connected = open(database.url(role));
    expect((await read(connected, 'SELECT * FROM app."Odd ""one"""')).rows).toEqual([]);
    expect((await refusal(read(connected, 'SELECT * FROM app.orders'))).code).toBe(
      'database.denied',
    );
    await connected.close();
  });
});

describe('a role that may do more than read', () => {
  test.each<[string, string, string]>([
    ['role.superuser', 'super', 'ALTER ROLE {role} SUPERUSER'],
    ['role.bypassrls', 'bypass', 'ALTER ROLE {role} BYPASSRLS'],
    ['role.replication', 'repl', 'ALTER ROLE {role} REPLICATION'],
    ['role.createrole', 'creator', 'ALTER ROLE {role} CREATEROLE'],
    ['role.server-files', 'files', 'GRANT pg_read_server_files TO {role}'],
    ['role.server-files', 'program', 'GRANT pg_execute_server_program TO {role}'],
    ['role.writes-all', 'writesall', 'GRANT pg_write_all_data TO {role}'],
    [
      'role.owns',
      'owner',
      'CREATE TABLE app.owned (id int); ALTER TABLE app.owned OWNER TO {role}',
    ],
    ['role.owns', 'schemaowner', 'CREATE SCHEMA {role} AUTHORIZATION {role}'],
    ['role.writes', 'writer', 'GRANT INSERT ON app.orders TO {role}'],
    ['role.writes', 'truncator', 'GRANT TRUNCATE ON app.orders TO {role}'],
    ['role.writes', 'column', 'GRANT UPDATE (total) ON app.orders TO {role}'],
    ['functions.files', 'fileread', 'GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {role}'],
  ])(
    verifies('C6.posture', 'is refused for %s (%s), and says no more to the caller'),
    async (id, suffix, grant) => {
      const role = await makeRole(suffix, grant);
      const findings = await findingsOf(role);
      expect(idsOf(findings, 'refuse')).toContain(id);

      const connected = open(database.url(role));
      const refused = await refusal(read(connected, 'SELECT 1'));
      expect([refused.code, refused.message]).toEqual([
        'database.refused',
        expect.stringContaining(id),
      ]);
      expect(
        (
          await refusal(
            connected.catalog({ role: undefined, settings: {} }, { fresh: true }, within()),
          )
        ).code,
      ).toBe('database.refused');
      await connected.close();

      // What is printed mends it.
      await database.admin(
        findings
          .filter(({ severity }) => severity === 'refuse')
          .map(({ fix }) => fix ?? '')
          .join('\n'),
      );
      if (id !== 'role.owns') expect(idsOf(await findingsOf(role), 'refuse')).toEqual([]);
      await database.admin(`REASSIGN OWNED BY ${role} TO CURRENT_USER`);
    },
  );

  test(
    verifies('C6.posture', 'by way of a role that it can only become is refused, too'),
    async () => {
      const group = database.role('powerful');
      const between = database.role('between');
      await database.admin(
        `CREATE ROLE ${group}; GRANT DELETE ON app.orders TO ${group}; CREATE ROLE ${between} NOINHERIT; GRANT ${group} TO ${between}`,
      );
      const role = await makeRole('climber', `GRANT ${between} TO {role}`);
      expect(idsOf(await findingsOf(role), 'refuse')).toEqual(['role.writes']);
      await database.admin(`REVOKE ${between} FROM ${role}`);
      expect(await findingsOf(role)).toEqual([]);
    },
  );

  test(
    verifies('C6.posture', 'is served when the operator says so, and never over HTTP'),
    async () => {
      const role = await makeRole('accepted', 'GRANT UPDATE ON app.orders TO {role}');
      const accepted = open(database.url(role), { unsafePrivilegedRole: true });
      expect(await cell(accepted, 'SELECT 1')).toBe(1);
      await accepted.close();
      const http = open(database.url(role), { unsafePrivilegedRole: true, transport: 'http' });
      expect((await refusal(read(http, 'SELECT 1'))).code).toBe('database.refused');
      await http.close();
    },
  );

  test(
    verifies(
      'C6.posture',
      'is noticed with the next connection, and served as soon as it is mended',
    ),
    async () => {
      const role = await makeRole('changing', 'GRANT UPDATE ON app.orders TO {role}');
      const connected = open(database.url(role), { connections: 1 });
      expect((await refusal(read(connected, 'SELECT 1'))).code).toBe('database.refused');
      await database.admin(`REVOKE UPDATE ON app.orders FROM ${role}`);
      expect(await cell(connected, 'SELECT 1')).toBe(1);
      await database.admin(`GRANT UPDATE ON app.orders TO ${role}`);
      await database.admin(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`,
      );
      await expect
        .poll(() =>
          read(connected, 'SELECT 1').catch((error: unknown) => Reflect.get(Object(error), 'code')),
        )
        .toBe('database.refused');
      await connected.close();
    },
  );

  test.each<[string, string, string]>([
    ['role.createdb', 'createdb', 'ALTER ROLE {role} CREATEDB'],
    ['role.powers', 'signal', 'GRANT pg_signal_backend TO {role}'],
    ['role.reads-all', 'readsall', 'GRANT pg_read_all_data TO {role}'],
    ['role.temporary', 'temp', `GRANT TEMPORARY ON DATABASE {database} TO {role}`],
    ['role.creates', 'creates', 'GRANT CREATE ON SCHEMA app TO {role}'],
    ['role.creates', 'createsdb', 'GRANT CREATE ON DATABASE {database} TO {role}'],
    ['role.sequences', 'seq', 'GRANT USAGE ON SEQUENCE app.orders_id_seq TO {role}'],
    ['session.read-only', 'rw', 'ALTER ROLE {role} RESET default_transaction_read_only'],
    ['session.strings', 'scs', 'ALTER ROLE {role} SET standard_conforming_strings = off'],
    ['session.timeout', 'slow', 'ALTER ROLE {role} RESET statement_timeout'],
    ['functions.closed', 'closed', 'GRANT EXECUTE ON FUNCTION pg_reload_conf() TO {role}'],
  ])(verifies('C6.posture', 'is warned of for %s (%s), and served'), async (id, suffix, grant) => {
    const role = await makeRole(suffix, grant.replaceAll('{database}', database.name));
    const findings = await findingsOf(role);
    expect(findings.map((finding) => [finding.id, finding.severity])).toEqual([[id, 'warn']]);
    const connected = open(database.url(role));
    expect(await cell(connected, 'SELECT 1')).toBe(1);
    await connected.close();
    if (id === 'role.temporary') return;
    await database.admin(findings.map(({ fix }) => fix ?? '').join('\n'));
    expect(await findingsOf(role)).toEqual([]);
  });

  test(
    verifies(
      'C6.posture',
      'is warned of what the database offers it: definer functions, dblink, foreign tables',
    ),
    async () => {
      const other = await makeDatabase();
      const role = other.role('reader');
      await other.admin(
        `CREATE FUNCTION public.definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
       CREATE EXTENSION dblink; CREATE EXTENSION postgres_fdw;
       CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
       CREATE FOREIGN TABLE public.remote (id int) SERVER elsewhere`,
      );
      await other.admin(
        setupSql({ role, database: other.name, schemas: ['public'], extensions: [] }),
      );
      await other.admin(`ALTER ROLE ${role} PASSWORD '${role}'`);
      const connected = open(other.url(role));
      const findings = await connected.posture(within());
      expect(idsOf(findings, 'refuse')).toEqual([]);
      expect(idsOf(findings, 'warn')).toEqual([
        'functions.definer',
        'extensions.risky',
        'relations.foreign',
      ]);
      expect(findings.map(({ evidence }) => evidence).join('\n')).toMatch(
        /public\.definer[\s\S]*dblink, postgres_fdw[\s\S]*public\.remote/,
      );
      await other.admin(findings.map(({ fix }) => fix ?? '').join('\n'));
      expect(await connected.posture(within())).toEqual([]);
      await connected.close();
      await other.drop();
    },
  );

  test(
    verifies(
      'C6.posture',
      'C5.database-tls',
      'is warned of when rows leave this machine unencrypted',
    ),
    async () => {
      const role = await makeRole('plain');
      const outside = Object.values(networkInterfaces())
        .flat()
        .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
      const host = outside ?? '127.0.0.1';
      const proxy = await startProxy(database.port, database.host, host);
      const url = database.url(role).replace(/@[^/]+/, `@${host}:${String(proxy.port)}`);
      const connected = open(url, { tls: 'unsafe-off' });
      const expected = outside === undefined ? [] : ['connection.plain'];
      expect((await connected.posture(within())).map(({ id }) => id)).toEqual(expected);
      await connected.close();
      await proxy.close();
    },
  );

  test('names of the catalog are quoted in what mends it', async () => {
    const role = await makeRole('quoted', `GRANT UPDATE ON app."Odd ""one""" TO {role}`);
    const [finding] = await findingsOf(role);
    expect(finding?.fix).toContain('app."Odd ""one"""');
  });
});
