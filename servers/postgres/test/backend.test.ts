import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client } from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { containerRuntime, hasContainer } from '@secure-mcp/testkit/postgres';

import { startBackend } from './backend.ts';
import { makeDatabase, startPostgres } from './postgres.ts';

const { kind } = inject('postgres');

/** No such image anywhere, and nobody is asked for it: nothing listens on this port. */
const NO_IMAGE = '127.0.0.1:9/none:1';

describe('the database of a suite', () => {
  test('is its own, with roles of its own that need their passwords', async () => {
    const database = await makeDatabase();
    const reader = database.role('reader');
    await database.admin(`CREATE ROLE ${reader} LOGIN PASSWORD '${reader}'`);

    const client = new Client(database.url(reader));
    await client.connect();
    const { rows } = await client.query('SELECT current_user AS me, current_database() AS here');
    expect(rows).toEqual([{ me: reader, here: database.name }]);
    await client.end();

    const wrong = new Client(database.url(reader, 'wrong'));
    await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' });
    await database.drop();
  });

  test('can be asked about slow statements', async () => {
    const database = await makeDatabase();
    await database.admin('CREATE EXTENSION pg_stat_statements');
    const rows = await database.admin('SELECT count(*) > 0 AS some FROM pg_stat_statements');
    expect(rows).toEqual([{ some: true }]);
    await database.drop();
  });

  test('goes with its roles, also while somebody is connected', async () => {
    const database = await makeDatabase();
    const other = await makeDatabase();
    const reader = database.role('reader');
    await database.admin(
      `CREATE ROLE ${reader} LOGIN PASSWORD '${reader}'; GRANT pg_monitor TO ${reader}`,
    );
    const client = new Client(database.url(reader));
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    const left = await other.admin(
      `SELECT datname AS name FROM pg_database WHERE datname = $1
       UNION ALL SELECT rolname FROM pg_roles WHERE rolname = $2`,
      [database.name, reader],
    );
    expect(left).toEqual([]);
    await client.end();
    await other.drop();
  });
});

test("a server of a test's own keeps its data and its place when it is stopped and started", async () => {
  const server = await startPostgres();
  const { host, port, user, password } = server;
  const ask = async (sql: string): Promise<unknown> => {
    const client = new Client({ host, port, user, password, database: 'postgres' });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await ask('CREATE TABLE kept AS SELECT 42 AS answer');
  await server.stop();
  await expect(ask('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await server.start();
  await expect(ask('TABLE kept')).resolves.toMatchObject({ rows: [{ answer: 42 }] });
  await server.close();
});

describe('what the suites run on', () => {
  test('has to be a container in CI: without a runtime, nothing is run', async () => {
    const surroundings = { environment: { CI: 'true' }, runtime: async () => undefined };
    await expect(startBackend(surroundings)).rejects.toThrow(/no container runtime answers/);
  });

  test('is embedded elsewhere, and says why', async () => {
    const server = await startBackend({ environment: {}, runtime: async () => undefined });
    expect(server).toMatchObject({
      kind: 'embedded',
      reason: 'embedded, because no container runtime answers',
    });
    await server.close();
  });

  test.skipIf(kind === 'embedded')(
    'is embedded where the image cannot be had, except in CI (needs a container runtime)',
    async () => {
      const environment = { TEST_POSTGRES_IMAGE: NO_IMAGE };
      const server = await startBackend({ environment, runtime: containerRuntime });
      expect(server.kind).toBe('embedded');
      expect(server.reason).toContain(NO_IMAGE);
      await server.close();

      const inCi = { ...environment, CI: 'true' };
      await expect(
        startBackend({ environment: inCi, runtime: containerRuntime }),
      ).rejects.toThrow();
    },
  );

  test.skipIf(kind === 'embedded')(
    'is gone when the run is gone, however that came (needs a container runtime)',
    async () => {
      const code = `
        const { startPostgresContainer } = await import('@secure-mcp/testkit/postgres');
        const image = process.env.TEST_POSTGRES_IMAGE ?? 'postgres:17-alpine';
        const { id } = await startPostgresContainer({ image, settings: {} });
        console.log(id);
        setInterval(() => {}, 1000);`;
      const child = spawn(
        process.execPath,
        ['--conditions=@secure-mcp/source', '--input-type=module', '--eval', code],
        {
          cwd: dirname(fileURLToPath(import.meta.url)),
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const [id] = await once(createInterface(child.stdout), 'line');
      expect(await hasContainer(id)).toBe(true);
      child.kill('SIGKILL');
      for (let tries = 0; tries < 100 && (await hasContainer(id)); tries += 1) await sleep(100);
      expect(await hasContainer(id)).toBe(false);
    },
  );
});
