import { fileURLToPath } from 'node:url';

import { Client } from 'pg';

import { startEmbedded } from '../../servers/postgres/src/adapter/embedded/index.ts';
import { setupSql } from '../../servers/postgres/src/adapter/setup-sql.ts';
import { compareCalls, digits, type Row } from './compare.ts';
import { median, openPeer } from './peer.ts';

export const POSTGRES = fileURLToPath(
  new URL('../../servers/postgres/dist/main.cjs', import.meta.url),
);
const RAW = fileURLToPath(new URL('./raw-postgres.cjs', import.meta.url));
const TABLES = 500;

const JOIN =
  'SELECT t.name, p.email FROM app.things t JOIN app.people p ON p.id = t.id ORDER BY t.id LIMIT 20';

const ROWS: readonly Row[] = [
  {
    name: 'SELECT 1',
    tool: 'query',
    ours: { sql: 'SELECT 1' },
    raw: { sql: 'SELECT 1' },
    rounds: 2000,
    goal: '0.30',
  },
  {
    name: '1,000 rows',
    tool: 'query',
    ours: { sql: 'SELECT id, name, price, made FROM app.things ORDER BY id', limit: 1000 },
    raw: { sql: 'SELECT id, name, price, made FROM app.things ORDER BY id LIMIT 1000' },
    rounds: 200,
    goal: '4.5',
  },
  {
    name: 'a join of two, behind masks',
    tool: 'query',
    ours: { sql: JOIN },
    raw: { sql: JOIN },
    rounds: 500,
    goal: '',
  },
  {
    name: 'describe a table',
    tool: 'describe_object',
    ours: { name: 'app.things' },
    raw: { name: 'app.things' },
    rounds: 300,
    goal: '1.0',
  },
  {
    name: 'list 500 tables',
    tool: 'search_objects',
    ours: { schema: 'wide', limit: 500 },
    raw: { schema: 'wide' },
    rounds: 200,
    goal: '1.6',
  },
];

/** Our server beside a raw loop, on one database, in turns. */
export async function benchPostgres(): Promise<void> {
  const database = await startEmbedded({ beside: POSTGRES, settings: { max_connections: '20' } });
  try {
    const { host, port, user, password } = database;
    const at = `${host}:${String(port)}/postgres`;
    const owner = `postgres://${user}:${password}@${at}`;
    await grow(owner);
    const env = { ...process.env, DATABASE_URL: `postgres://reader:reader@${at}` };
    const options = ['--schema', 'app', '--schema', 'wide', '--mask', 'app.people.email=domain'];
    const ours = await openPeer([POSTGRES, ...options, '--rate-limit', '1000000/1'], env);
    const raw = await openPeer([RAW], { ...process.env, DATABASE_URL: owner });
    const table = [];
    for (const row of ROWS) table.push(await compareCalls(row, ours, raw));
    const light: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      ours.tell('tools/call', { name: 'query', arguments: { sql: HEAVY, limit: 1 } });
      light.push(await ours.ask('tools/call', { name: 'query', arguments: { sql: 'SELECT 1' } }));
    }
    table.push({
      call: 'SELECT 1 beside 100,000 sorted rows',
      'ours p50 ms': digits(median(light)),
      'goal ms': '10',
    });
    console.table(table);
    console.log(`postgres, after all that: ${digits(ours.memory())} MiB`);
    await Promise.all([ours.end(), raw.end()]);
  } finally {
    await database.close();
  }
}

/** A query that keeps the database busy, not us. */
const HEAVY = 'SELECT a.id, b.name FROM app.things a, app.people b ORDER BY b.name, a.id';

async function grow(owner: string): Promise<void> {
  const client = new Client({ connectionString: owner });
  await client.connect();
  await client.query(`CREATE SCHEMA app; CREATE SCHEMA wide;
    CREATE TABLE app.things (id int PRIMARY KEY, name text, price numeric(8, 2), made timestamptz);
    INSERT INTO app.things SELECT n, 'thing ' || n, n / 3.0, now() FROM generate_series(1, 5000) AS n;
    CREATE TABLE app.people (id int PRIMARY KEY, name text, email text);
    INSERT INTO app.people SELECT n, 'person ' || n, 'p' || n || '@example.com' FROM generate_series(1, 20) AS n`);
  const tables = Array.from(
    { length: TABLES },
    (_, n) => `CREATE TABLE wide.t${String(n)} (id int PRIMARY KEY, a text, b text);`,
  );
  await client.query(tables.join('\n'));
  const setup = { role: 'reader', database: 'postgres', schemas: ['app', 'wide'], extensions: [] };
  await client.query(setupSql(setup));
  await client.query("ALTER ROLE reader PASSWORD 'reader'; ANALYZE");
  await client.end();
}
