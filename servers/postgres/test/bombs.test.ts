import { readFileSync } from 'node:fs';

import { connect, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { LIMITS } from '../src/policy.ts';
import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

const MEMORY_MB_MAX = 250;
/** What one statement may take here, in milliseconds, and how soon its refusal has to be there. */
const STATEMENT_MS = 2000;
const ANSWER_MS = 6000;
/** How soon a light call has to be answered while a heavy one runs. */
const LIGHT_MS = 2500;
const TABLES = 500;

const BIG = `
  CREATE TABLE app.big (id int PRIMARY KEY, body text);
  ALTER TABLE app.big ALTER COLUMN body SET STORAGE EXTERNAL;
  INSERT INTO app.big VALUES (1, repeat('x', 60000000)), (2, 'small');
  CREATE TABLE app.million (id int PRIMARY KEY, text text);
  INSERT INTO app.million SELECT n, 'row ' || n FROM generate_series(1, 1000000) AS n;
  CREATE SCHEMA wide;
  DO $$ BEGIN FOR n IN 1..${String(TABLES)} LOOP
    EXECUTE format('CREATE TABLE wide.table_%s (id int PRIMARY KEY, a text, b numeric, c timestamptz)', n);
  END LOOP; END $$;
  ANALYZE;`;

const { database, role, url } = await makeShop(BIG);
await database.admin(`GRANT USAGE ON SCHEMA wide TO "${role}";
  GRANT SELECT ON ALL TABLES IN SCHEMA app, wide TO "${role}"`);

let client: TestClient;
beforeAll(async () => {
  const limits = ['--statement-timeout-ms', String(STATEMENT_MS), '--rate-limit', '1000000/1'];
  const options = ['--schema', 'app', '--schema', 'wide', '--log-level', 'silent', ...limits];
  client = await connect('v2 legacy', bundle(url, ...options));
});
afterAll(async () => {
  await client.close();
  await database.drop();
});

/** The most memory that the server ever held, in MiB. */
function peakMb(): number {
  const status = readFileSync(`/proc/${String(client.pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Runs a heavy call; meanwhile light ones have to be answered. */
async function timed(name: string, args: object) {
  const started = performance.now();
  const heavy = client.call(name, args);
  let slowest = 0;
  const lights = (async () => {
    for (let round = 0; round < 5; round += 1) {
      const before = performance.now();
      const { isError } = await client.call('query', { sql: 'SELECT count(*) FROM app.wages' });
      expect(isError).toBe(false);
      slowest = Math.max(slowest, performance.now() - before);
    }
  })();
  const answer = await heavy;
  const ms = performance.now() - started;
  await lights;
  return { answer, ms, slowest };
}

const many = (count: number, piece: (n: number) => string, between: string): string =>
  Array.from({ length: count }, (_, n) => piece(n)).join(between);

const BOMBS: readonly (readonly [what: string, tool: string, args: object])[] = [
  ['a cell of 60 MB', 'query', { sql: 'SELECT body FROM app.big WHERE id = 1' }],
  ['a cell of 60 MB, browsed', 'browse_rows', { table: 'app.big' }],
  [
    '60 MB in pieces',
    'query',
    { sql: 'SELECT body FROM app.big, app.wages, app.big b2', limit: 1000 },
  ],
  ['a million rows', 'query', { sql: 'SELECT * FROM app.million ORDER BY id', limit: 1000 }],
  ['a million rows, from the middle', 'query', { sql: 'SELECT * FROM app.million OFFSET 500000' }],
  [
    'a million rows as one',
    'query',
    { sql: 'SELECT string_agg(text, $1) FROM app.million', params: [','] },
  ],
  ['a million rows as JSON', 'query', { sql: 'SELECT json_agg(m) FROM app.million m' }],
  [
    'everything with everything',
    'query',
    { sql: 'SELECT count(*) FROM app.million a, app.million b' },
  ],
  [
    'no end',
    'query',
    { sql: 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r' },
  ],
  [
    'doubling',
    'query',
    {
      sql: "WITH RECURSIVE r(t) AS (SELECT 'x' UNION ALL SELECT t || t FROM r) SELECT max(length(t)) FROM r",
    },
  ],
  ['a constant of a gigabyte', 'query', { sql: "SELECT length(repeat('x', 1000000000))" }],
  [
    'constants in constants',
    'explain',
    { sql: "SELECT repeat(repeat(repeat('x', 1000), 1000), 1000)" },
  ],
  [
    'a series of a billion',
    'query',
    { sql: 'SELECT count(*) FROM generate_series(1, 1000000000)' },
  ],
  ['a factorial', 'query', { sql: 'SELECT factorial(100000)' }],
  ['a power', 'query', { sql: 'SELECT 9.9::numeric ^ 99999' }],
  [
    'an expression that backtracks',
    'query',
    { sql: "SELECT count(*) FROM app.million WHERE text ~ '((a*)*)*$'" },
  ],
  ['parentheses', 'query', { sql: `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}` }],
  ['a sum of thousands', 'query', { sql: `SELECT ${many(10_000, () => '1', '+')}` }],
  ['a list of thousands', 'query', { sql: `SELECT 1 WHERE 1 IN (${many(8000, String, ',')})` }],
  [
    'a hundred tables',
    'query',
    { sql: `SELECT count(*) FROM ${many(90, (n) => `app.wages w${String(n)}`, ' NATURAL JOIN ')}` },
  ],
  [
    'hundreds of columns',
    'query',
    { sql: `SELECT ${many(3000, () => 'id', ',')} FROM app.million`, limit: 1000 },
  ],
  ['500 tables', 'search_objects', { detail: 'full', limit: 1000 }],
  ['one of 500 tables', 'describe_object', { name: 'wide.table_77' }],
  ['the health of 500 tables', 'database_health', {}],
];

describe('bombs', () => {
  test.each(BOMBS)(
    verifies(
      'C10.rows',
      'E13.light',
      'E13.deadline',
      '%s gets an answer in time, in bounded memory, and holds up nobody',
    ),
    async (_, name, args) => {
      const { answer, ms, slowest } = await timed(name, args);
      expect(answer.text).not.toMatch(/^(?:internal|limit\.deadline)/);
      expect(answer.text.length).toBeLessThan(2_000_000);
      expect(ms).toBeLessThan(ANSWER_MS);
      expect(slowest).toBeLessThan(LIGHT_MS);
      expect(peakMb()).toBeLessThan(MEMORY_MB_MAX);
    },
  );

  test(verifies('C10.rows', 'rows of nothing, eight at a time'), async () => {
    const sql = `SELECT ${many(1600, () => 'NULL', ',')} FROM generate_series(1, 600)`;
    const calls = Array.from({ length: 8 }, () => client.call('query', { sql, limit: 1000 }));
    for (const { text } of await Promise.all(calls)) expect(text).toMatch(/^database\.too_much: /);
    expect(peakMb()).toBeLessThan(MEMORY_MB_MAX);
  });

  test(
    verifies('C2.parameters', 'the longest call that the listing admits fits a message'),
    async () => {
      const params = many(LIMITS.parametersMax, (n) => `$${String(n + 1)}::text`, ',');
      const sql = `SELECT length(concat(${params})) AS characters`.padEnd(LIMITS.sqlCharactersMax);
      const longest = 'x'.repeat(LIMITS.parameterCharactersMax);
      const answer = await client.call('query', {
        sql,
        params: Array.from({ length: LIMITS.parametersMax }, () => longest),
      });
      expect(answer.structured['rows']).toEqual([
        [LIMITS.parametersMax * LIMITS.parameterCharactersMax],
      ]);
    },
  );

  test(verifies('E7.bytes', 'C10.rows', 'a million rows can be read page by page'), async () => {
    const seen: unknown[] = [];
    let cursor: unknown;
    for (let page = 0; page < 3; page += 1) {
      const sql = 'SELECT id FROM app.million ORDER BY id';
      const { structured } = await client.call('query', { sql, limit: 1000, cursor });
      expect(structured).toMatchObject({ truncated: 'rows' });
      seen.push(...Object(structured['rows']));
      cursor = structured['next_cursor'];
    }
    expect(seen.flat()).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1));
  });

  test(verifies('C10.rows', 'the grammar is compiled once: memory stays where it is'), async () => {
    for (let round = 0; round < 400; round += 1)
      await client.call('query', { sql: `SELECT ${String(round)} AS n, count(*) FROM app.wages` });
    // Compiling anew happens beside, some hundred milliseconds later.
    await new Promise((resolve) => {
      setTimeout(resolve, 1500);
    });
    expect(peakMb()).toBeLessThan(MEMORY_MB_MAX);
    console.log(`after all bombs the server's peak is ${peakMb().toFixed(0)} MiB`);
  });
});
