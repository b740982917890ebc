import { createHash } from 'node:crypto';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';

import type { Database, Question } from '../../src/adapter/index.ts';
import { builtInType } from '../../src/adapter/values/built-in.ts';
import { LIMITS } from '../../src/policy.ts';
import { cell, LOGIN, makeReader, open, read, refusal, within } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let database: Database;

beforeAll(async () => {
  reader = await makeReader(
    `CREATE TYPE public.mood AS ENUM ('glad', 'sad'); CREATE DOMAIN public.age AS int`,
  );
  database = open(reader.url);
});

afterAll(async () => {
  await database.close();
  await reader.database.drop();
});

describe('a cell', () => {
  test.each<[string, unknown]>([
    ['1::int2', 1],
    ['-2147483648', -2147483648],
    ['9007199254740993', '9007199254740993'],
    ['12.50::numeric', '12.50'],
    ['0.1::float8', 0.1],
    ['1e300::float8', 1e300],
    [`'NaN'::float8`, 'NaN'],
    [`'-Infinity'::float4`, '-Infinity'],
    ['true', true],
    ['false', false],
    ['NULL::bool', null],
    [`''`, ''],
    [`'null'`, 'null'],
    [`timestamptz '2026-01-02 03:04:05+00' AT TIME ZONE 'UTC'`, '2026-01-02 03:04:05'],
    [`'{"a": 1}'::json`, '{"a": 1}'],
    [`ARRAY[1, NULL, 2]`, '{1,NULL,2}'],
    [`ARRAY['a,b', '"']`, String.raw`{"a,b","\""}`],
    [`'glad'::public.mood`, 'glad'],
    ['7::public.age', 7],
    [`ROW(1, 'x')`, '(1,x)'],
    ['42::oid', '42'],
    [`interval '1 day 02:03:04'`, '1 day 02:03:04'],
  ])('%s is %j', async (expression, expected) => {
    expect(await cell(database, `SELECT ${expression}`)).toEqual(expected);
  });

  test(verifies('C10.rows', 'of bytes is their length and their digest'), async () => {
    const digest = createHash('sha256')
      .update(Buffer.from([0, 255, 16]))
      .digest('hex');
    expect(await cell(database, String.raw`SELECT '\x00ff10'::bytea`)).toBe(
      `\\x… (3 bytes, sha256 ${digest})`,
    );
    expect(await cell(database, `SELECT decode(repeat('ab', 500000), 'hex')`)).toMatch(
      /^\\x… \(500000 bytes, sha256 [0-9a-f]{64}\)$/,
    );
    expect((await read(database, `SELECT decode(repeat('ab', 500000), 'hex')`)).cut).toBe(0);
  });

  test(
    verifies('E7.bytes', 'is cut to its ceiling, never inside a character, and counted'),
    async () => {
      const max = LIMITS.cellCharactersMax;
      const { rows, cut, full, more } = await read(
        database,
        `SELECT repeat('x', ${String(max)}), repeat('x', ${String(max + 1)}), repeat('x', ${String(max - 1)}) || '😀😀'`,
      );
      expect(rows[0]?.map((text) => String(text).length)).toEqual([max, max, max - 1]);
      expect(String(rows[0]?.[2]).isWellFormed()).toBe(true);
      expect([cut, full, more]).toEqual([2, false, false]);
    },
  );
});

describe('rows', () => {
  test(
    verifies('E7.bytes', 'stop at the ceiling of an answer, and go on behind the last one'),
    async () => {
      const text = `SELECT g, repeat('x', 4000) FROM generate_series(1, 200) g ORDER BY g`;
      const first = await read(database, text, { limit: 150 });
      expect([first.full, first.more, first.cut]).toEqual([true, true, 0]);
      expect(JSON.stringify(first.rows).length).toBeLessThan(LIMITS.resultCharactersMax * 1.1);
      expect(first.rows.length).toBeGreaterThan(60);
      const second = await read(database, text, { limit: 150, skip: first.rows.length });
      expect(second.rows[0]?.[0]).toBe(first.rows.length + 1);
    },
  );

  test(verifies('E7.bytes', 'that alone are more than an answer are shown in part'), async () => {
    const wide = Array.from({ length: 60 }, (_, at) => `repeat('x', 8000) AS c${String(at)}`).join(
      ', ',
    );
    const { rows, cut, full, more } = await read(
      database,
      `SELECT ${wide} FROM generate_series(1, 3)`,
      { limit: 2 },
    );
    expect([rows.length, cut, full, more]).toEqual([1, 60, true, true]);
    expect(JSON.stringify(rows).length).toBeLessThan(LIMITS.resultCharactersMax * 1.1);
    const next = await read(database, `SELECT ${wide} FROM generate_series(1, 3)`, {
      limit: 2,
      skip: 2,
    });
    expect([next.rows.length, next.full, next.more]).toEqual([1, false, false]);
  });

  test.each<[number, number, number, boolean]>([
    [10, 0, 10, true],
    [20, 0, 20, false],
    [19, 0, 19, true],
    [10, 10, 10, false],
    [10, 15, 5, false],
    [10, 20, 0, false],
    [10, 1_000_000, 0, false],
    [0, 0, 0, true],
  ])('%i from %i on are %i, and more is %j', async (limit, skip, count, more) => {
    const found = await read(database, 'SELECT g FROM generate_series(1, 20) g', { limit, skip });
    expect([found.rows.length, found.more]).toEqual([count, more]);
    if (count > 0) expect(found.rows[0]).toEqual([skip + 1]);
  });

  test('have columns, also where there are none of them', async () => {
    const { columns, rows } = await read(database, 'SELECT 1 AS a, 2 AS a WHERE false');
    expect(columns).toEqual([
      { name: 'a', type: 'integer' },
      { name: 'a', type: 'integer' },
    ]);
    expect(rows).toEqual([]);
    expect((await read(database, 'SELECT FROM generate_series(1, 2)')).rows).toEqual([[], []]);
  });

  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('take no %d as a count', async (number) => {
    await expect(read(database, 'SELECT 1', { skip: number })).rejects.toThrow(TypeError);
    await expect(read(database, 'SELECT 1', { limit: number })).rejects.toThrow(TypeError);
  });
});

describe('types', () => {
  test('have the names that the server gives them', async () => {
    const types = await reader.database.admin(
      `SELECT oid::int8::text AS oid, format_type(oid, -1) AS name FROM pg_type
       WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND oid < 10000`,
    );
    const known = types.filter(({ oid }) => builtInType(Number(oid), -1) !== undefined);
    expect(known.map(({ oid }) => builtInType(Number(oid), -1))).toEqual(
      known.map(({ name }) => name),
    );
    const unknown = types
      .filter(({ oid }) => builtInType(Number(oid), -1) === undefined)
      .map(({ name }) => name);
    expect(unknown.filter((name: string) => !name.startsWith('pg_'))).toEqual([]);
  });

  test('have the modifiers that the server gives them', async () => {
    const samples = `
      numeric(10,2) numeric(5) numeric(3,-2) numeric(1000,1000) varchar(1) varchar(20)[] char char(7) bpchar bit bit(3) "bit"
      varbit(9) time(0) timetz(3) timestamp(6) timestamptz(2) timestamptz(2)[] interval(3) char(5)[] numeric(4,1)[]`
      .trim()
      .split(/\s+/);
    const written = samples.map((type, at) => `NULL::${type} AS c${String(at)}`).join(', ');
    const { columns } = await read(database, `SELECT ${written}`);
    await reader.database.admin(`CREATE VIEW public.samples AS SELECT ${written}`);
    const expected = await reader.database.admin(
      `SELECT format_type(atttypid, atttypmod) AS name FROM pg_attribute WHERE attrelid = 'public.samples'::regclass ORDER BY attnum`,
    );
    expect(columns.map(({ type }) => type)).toEqual(expected.map(({ name }) => name));
  });

  test('of users are named with their schema', async () => {
    const { columns } = await read(
      database,
      `SELECT 'glad'::public.mood, ARRAY['sad'::public.mood], 1::public.age`,
    );
    // A domain comes as what it is made of.
    expect(columns.map(({ type }) => type)).toEqual(['public.mood', 'public.mood[]', 'integer']);
  });
});

describe('a question', () => {
  const QUESTION: Question<Record<string, unknown>> = {
    name: 'sample',
    text: (version) =>
      version < 10_000
        ? undefined
        : `SELECT $1::int4 AS number, $2::text[] AS list, $3::bool AS flag, 5::int8 AS big, '{"a": [1]}'::json AS data, NULL AS nothing`,
    row: z.record(z.string(), z.unknown()),
  };

  test(verifies('C2.parameters', 'binds values and lists, and has rows by name'), async () => {
    const parameters = [7, [`a,"b\\`, null, '{x}', ''], true];
    expect(await database.ask(QUESTION, { as: LOGIN, parameters }, within())).toEqual([
      {
        number: 7,
        list: String.raw`{"a,\"b\\",NULL,"{x}",""}`,
        flag: true,
        big: '5',
        data: { a: [1] },
        nothing: null,
      },
    ]);
  });

  test('that a version cannot answer is refused, and one that is answered otherwise is a fault without values', async () => {
    const absent = { ...QUESTION, text: () => undefined };
    const how = { as: LOGIN, parameters: [1, [], true] };
    expect((await refusal(database.ask(absent, how, within()))).code).toBe('feature.absent');
    const strict = { ...QUESTION, row: z.strictObject({ number: z.string() }) };
    await expect(database.ask(strict, how, within())).rejects.toThrow(
      'the answer to sample has another form',
    );
  });

  test('a plan is an object', async () => {
    const statement = z
      .custom<Parameters<Database['explain']>[0]>(() => true)
      .parse({ text: 'SELECT $1::int', parameters: 1 });
    const how = { parameters: [1], as: LOGIN, searchPath: [] };
    for (const analyze of [false, true]) {
      const plan = z.array(
        z.looseObject({ Plan: z.looseObject({ 'Node Type': z.literal('Result') }) }),
      );
      const parsed = plan.parse(await database.explain(statement, { ...how, analyze }, within()));
      expect('Execution Time' in (parsed[0] ?? {})).toBe(analyze);
    }
  });
});
