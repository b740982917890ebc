import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { findPrograms } from '../../src/adapter/embedded/programs.ts';
import type { Database } from '../../src/adapter/index.ts';
import { conditionOf } from '../../src/adapter/sqlstate.ts';
import { makeReader, open, read, refusal, unguarded, within, LOGIN } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let database: Database;

beforeAll(async () => {
  reader = await makeReader(
    `CREATE TABLE public.people (id int, email text);
     INSERT INTO public.people VALUES (1, 'needle@example.org');
     CREATE TABLE public.closed (id int);
     CREATE FUNCTION public.raise(code text) RETURNS int LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'needle message' USING ERRCODE = code, DETAIL = 'needle detail', HINT = 'needle hint'; END $$`,
  );
  await reader.database.admin(`REVOKE ALL ON public.closed FROM ${reader.role}`);
  database = open(reader.url);
});

afterAll(async () => {
  await database.close();
  await reader.database.drop();
});

describe('an error of the database', () => {
  test.each<[string, string, string]>([
    [
      'SELECT email::int FROM public.people',
      'database.error',
      'SQLSTATE 22P02 invalid_text_representation.',
    ],
    ['SELECT 1/0', 'database.error', '22012 division_by_zero'],
    [`SELECT ('{"needle":' || email)::json FROM public.people`, 'database.error', '22P02'],
    [`SELECT to_date(email, 'YYYY') FROM public.people`, 'database.error', '22007'],
    ['SELECT needle FROM public.people', 'column.unknown', '42703 undefined_column'],
    ['SELECT * FROM public.needle', 'relation.unknown', '42P01 undefined_table'],
    ['SELECT * FROM public.closed', 'database.denied', '42501 insufficient_privilege'],
    ['SELECT needle(1)', 'database.error', '42883 undefined_function'],
    ['SELEC needle', 'database.error', '42601 syntax_error'],
    [`SELECT public.raise('22012')`, 'database.error', '22012'],
    [`SELECT public.raise('XNDLE')`, 'database.error', 'of the database’s own'],
    [`SELECT public.raise('57P01')`, 'database.unavailable', 'Try again'],
    [`SELECT public.raise('53400')`, 'database.too_much', '53400'],
    [`SELECT public.raise('28P01')`, 'database.error', '28P01'],
  ])(verifies('C8.no-leak', 'says its code, never its text: %s'), async (text, code, hint) => {
    const refused = await refusal(read(database, text));
    expect([refused.code, refused.message]).toEqual([code, expect.stringContaining(hint)]);
    const all = [refused.message, refused.detail, refused.stack, JSON.stringify(refused)].join(
      '\n',
    );
    expect(all).not.toMatch(/needle|example\.org|XNDLE/);
    const how = { parameters: [], as: LOGIN, searchPath: [], analyze: true };
    const plan = await database
      .explain(unguarded(text), how, within())
      .catch((error: unknown) => error);
    expect(String(plan)).not.toMatch(/needle|example\.org/);
  });

  test('says where, in the caller’s statement', async () => {
    const text = 'SELECT id, nothing FROM public.people';
    const hint = `At character ${String(text.indexOf('nothing') + 1)}.`;
    expect((await refusal(read(database, text))).message).toContain(hint);
    const how = { parameters: [], as: LOGIN, searchPath: [], analyze: false };
    expect((await refusal(database.explain(unguarded(text), how, within()))).message).toContain(
      hint,
    );
    // Found while it ran, it has no place.
    expect((await refusal(read(database, 'SELECT 1/0'))).message).not.toContain('At character');
  });
});

test('the table of conditions is PostgreSQL’s own', () => {
  const programs = findPrograms(fileURLToPath(import.meta.url));
  const file = join(programs, 'share/postgresql/errcodes.txt');
  const conditions = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => /^([0-9A-Z]{5})\s+E\s+\S+\s+(\S+)$/.exec(line))
    .filter((found) => found !== null);
  expect(conditions.length).toBeGreaterThan(200);
  const names = new Map<string, Set<string>>();
  for (const [, code = '', name = ''] of conditions)
    names.set(code, (names.get(code) ?? new Set()).add(`${code} ${name}`));
  for (const [code, possible] of names) expect(possible).toContain(conditionOf(code));
  expect(conditionOf('constructor')).toBeUndefined();
  expect(conditionOf('XX999')).toBeUndefined();
});
