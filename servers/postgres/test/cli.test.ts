import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { connect, makeTemp, runOnce, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import lock from '../tools.lock.json' with { type: 'json' };
import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

const temp = makeTemp();
const { database, url, role } = await makeShop();
afterAll(async () => {
  temp.remove();
  await database.drop();
});

/** A role that no test has made yet, and the database's name as it is written in SQL. */
const fresh = database.role('fresh');
const name = `"${database.name}"`;

const SECRET = 'hunter2-in-the-url';

function run(
  args: readonly string[],
  { DATABASE_URL, ...env }: Readonly<Record<string, string>> = { DATABASE_URL: url },
) {
  return runOnce(bundle(undefined, ...args), {
    ...env,
    ...(DATABASE_URL !== undefined && { DATABASE_URL }),
  });
}

const config = (value: object) =>
  temp.write(`config-${String(Math.random())}.json`, JSON.stringify(value));

describe('a configuration that cannot be served', () => {
  test(
    verifies('C6.configuration', 'a file that others may write does not say which database'),
    () => {
      const dsn = temp.write('shared/dsn', url);
      expect(run(['check', '--dsn-file', dsn, '--schema', 'app'], {}).status).toBe(0);
      chmodSync(dsn, 0o664);
      const { status, stderr } = run(['check', '--dsn-file', dsn, '--schema', 'app'], {});
      expect([status, stderr]).toEqual([2, expect.stringContaining('--dsn-file: the file may be')]);
    },
  );

  test.each<
    readonly [args: readonly string[], env: Readonly<Record<string, string>>, problem: string]
  >([
    [[], {}, 'DATABASE_URL: is missing'],
    [[], { DATABASE_URL: `mysql://u:${SECRET}@127.0.0.1/db` }, 'DATABASE_URL: '],
    [[], { DATABASE_URL: `postgres://u:${SECRET}@db.example.com/x?sslmode=require` }, 'sslmode'],
    [[], { DATABASE_URL: `postgres://u:${SECRET}@127.0.0.1/x?sslmod=disable` }, 'DATABASE_URL: '],
    [['--schem', 'app'], { DATABASE_URL: url }, '--schem: unknown option'],
    [['--sql', 'maybe'], { DATABASE_URL: url }, '--sql: one of "on", "off"'],
    [['--mask', 'app.customers'], { DATABASE_URL: url }, 'must be schema.relation.column'],
    [
      ['--mask', 'app.customers.email=blur'],
      { DATABASE_URL: url },
      'must be schema.relation.column',
    ],
    [['--deny', 'customers'], { DATABASE_URL: url }, 'must be schema.relation'],
    [['--writable', 'x'], { DATABASE_URL: url }, '--writable: unknown option'],
    [['--databases', 'x'], { DATABASE_URL: url }, '--databases: is given in the file'],
    [['--database-tls', 'prefer'], { DATABASE_URL: url }, '--database-tls: one of'],
    [['--dsn-file', join(temp.path, 'missing')], {}, '--dsn-file: the file cannot be read'],
    [[], { DATABASE_URL: url, SECURE_MCP_SCHEMAS: 'app' }, 'SECURE_MCP_SCHEMAS: unknown variable'],
    [['--demo', '--dsn-file', 'x'], {}, '--demo: cannot stand beside --dsn-file'],
    [
      ['--config', config({ databases: [{ name: 'a', urlVariable: 'A', readonly: true }] })],
      {},
      'databases.0.readonly: unknown field',
    ],
    [
      ['--config', config({ databases: [{ name: 'a' }] })],
      {},
      'databases.0: needs urlVariable or dsnFile',
    ],
    [['--config', config({ databases: [{ name: 'a', urlVariable: 'A' }] })], {}, 'A: is missing'],
    [
      [
        '--config',
        config({
          databases: [
            { name: 'a', urlVariable: 'A' },
            { name: 'a', urlVariable: 'A' },
          ],
        }),
      ],
      { A: url },
      'databases: holds a name twice',
    ],
    [
      [
        '--config',
        config({
          queries: [{ name: 'query', title: 'Q', description: 'Q.', statement: 'SELECT 1' }],
        }),
      ],
      { DATABASE_URL: url },
      'queries: query: the name is taken',
    ],
    [
      [
        '--policy',
        temp.write(
          'policy.json',
          JSON.stringify({
            version: 1,
            principals: [
              {
                match: { kind: 'local' },
                postgres: { databases: [{ database: 'db' }, { database: 'db' }] },
              },
            ],
          }),
        ),
      ],
      { DATABASE_URL: url },
      '--policy: an entry names a database twice',
    ],
  ])(verifies('C6.configuration', 'C8.no-leak', '%j: one line, exit 2'), (args, env, problem) => {
    const { status, stdout, stderr } = run(args, env);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain(SECRET);
  });
});

describe('check', () => {
  test('a proper role on a real database is fine', () => {
    const { status, stdout } = run(['check', '--schema', 'app']);
    expect({ status, last: stdout.trim().split('\n').at(-1) }).toEqual({ status: 0, last: 'ok' });
  });

  test(verifies('C6.configuration', 'what closes nothing is named'), () => {
    const masks = ['--mask', 'app.customers.emial', '--mask', 'app.customers.email'];
    const { status, stdout } = run(['check', '--schema', 'app', '--deny', 'app.wagse', ...masks]);
    expect(status).toBe(0);
    expect(stdout).toContain('nothing that the role can read is called app.wagse');
    expect(stdout).toContain('nothing that the role can read is called app.customers.emial');
    expect(stdout).not.toContain('app.customers.email\n');
  });

  test(verifies('C6.posture', 'a superuser is refused, with what mends it'), () => {
    const { status, stderr } = run(['check', '--schema', 'app'], { DATABASE_URL: database.url() });
    expect(status).toBe(2);
    expect(stderr).toContain('role.superuser');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test(verifies('C6.configuration', 'C8.no-leak', 'an unreachable host is one line'), () => {
    const env = { DATABASE_URL: `postgres://u:${SECRET}@127.0.0.1:1/x` };
    const { status, stderr } = run(['check'], env);
    expect(status).toBe(2);
    expect(stderr).toContain('database.unavailable');
    expect(stderr).not.toContain(SECRET);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test(
    verifies('C8.no-leak', 'C6.configuration', 'a wrong password is one line without it'),
    () => {
      const { status, stderr } = run(['check'], { DATABASE_URL: database.url(role, SECRET) });
      expect(status).toBe(2);
      expect(stderr).toContain('database.refused');
      expect(stderr).not.toContain(SECRET);
    },
  );

  test(verifies('C2.statement', 'an operator’s own statement is judged, too'), () => {
    const file = config({
      queries: [
        {
          name: 'gone',
          title: 'Gone',
          description: 'Deletes.',
          statement: 'DELETE FROM app.orders',
        },
      ],
    });
    const { status, stderr } = run(['check', '--schema', 'app', '--config', file]);
    expect(status).toBe(2);
    expect(stderr).toContain('queries.gone: sql.not_a_query');
  });
});

test('setup-sql prints what makes a role, for each schema', () => {
  const { status, stdout } = run(['setup-sql', '--schema', 'app', '--setup-role', 'fresh "role"']);
  expect(status).toBe(0);
  expect(stdout).toContain('CREATE ROLE "fresh ""role"""');
  expect(stdout).toContain('GRANT USAGE ON SCHEMA "app"');
  expect(stdout).not.toContain(role);
});

test.each<readonly [what: string, env: Readonly<Record<string, string>>]>([
  ['with a URL', { DATABASE_URL: url }],
  ['without a URL', {}],
])('setup-sql %s is about the database that it is run in', async (_, env) => {
  const { status, stdout } = run(['setup-sql', '--schema', 'app', '--setup-role', fresh], env);
  expect(status).toBe(0);
  expect(stdout).not.toContain('DATABASE "postgres"');
  const rights = `SELECT has_database_privilege($1, current_database(), 'CONNECT') AS connects,
    has_database_privilege($1, current_database(), 'TEMPORARY') AS temporary`;
  await database.admin(`GRANT TEMPORARY ON DATABASE ${name} TO PUBLIC;
    REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  await database.admin(stdout);
  await database.admin(stdout);
  expect(await database.admin(rights, [fresh])).toEqual([{ connects: true, temporary: false }]);
  await database.admin(`DROP OWNED BY "${fresh}"; DROP ROLE "${fresh}"`);
});

test('--version and --help work without a database', () => {
  expect(run(['--version'], {})).toMatchObject({ status: 0 });
  const { stdout } = run(['--help'], {});
  expect(stdout).toContain('setup-sql');
  expect(stdout).toContain('In the file only: databases, queries.');
});

describe('the bundle', () => {
  test('is one file and the grammar, and runs alone in an empty folder', async () => {
    const { args } = bundle(undefined);
    const [main = ''] = args;
    mkdirSync(join(temp.path, 'alone'));
    for (const file of ['main.cjs', 'libpg-query.wasm'])
      copyFileSync(join(dirname(main), file), join(temp.path, 'alone', file));
    const client = await connect('v2 modern', {
      command: process.execPath,
      args: [join(temp.path, 'alone/main.cjs'), '--schema', 'app'],
      env: { DATABASE_URL: url },
    });
    const { text } = await client.call('query', { sql: 'SELECT count(*) FROM app.orders' });
    expect(text).toContain('200');
    await client.close();
  });

  test(verifies('C2.unclassified', 'without the grammar no statement is accepted'), async () => {
    const { args } = bundle(undefined);
    const [main = ''] = args;
    mkdirSync(join(temp.path, 'bare'));
    copyFileSync(main, join(temp.path, 'bare/main.cjs'));
    const client = await connect('v2 modern', {
      command: process.execPath,
      args: [join(temp.path, 'bare/main.cjs'), '--schema', 'app'],
      env: { DATABASE_URL: url },
    });
    expect((await client.call('query', { sql: 'SELECT 1' })).text).toMatch(/^sql\.unavailable: /);
    expect((await client.call('search_objects')).isError).toBe(false);
    await client.close();
  });

  test('starts without a database that answers, and says so with the first call', async () => {
    const client = await connect('v2 modern', bundle('postgres://u@127.0.0.1:1/x'));
    expect((await client.listTools()).length).toBe(lock.tools.length);
    const { text } = await client.call('search_objects');
    expect(text).toMatch(/^database\.unavailable: /);
    expect(text).not.toContain('127.0.0.1');
    await client.close();
  });
});
