import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';

import { browseRows } from '../../src/tools/browse-rows.ts';
import { query } from '../../src/tools/query.ts';
import { makeWorld, type World } from '../questions/world.ts';
import { type Answer, type Caller, listOf, makeCaller } from './caller.ts';

let world: World;
let caller: Caller;
let other: Caller;
beforeAll(async () => {
  world = await makeWorld();
  caller = makeCaller(world.database, { role: world.reader });
  other = makeCaller(world.database, { role: world.reader, principal: 'somebody else' });
});
afterAll(async () => {
  await caller?.close();
  await other?.close();
  await world?.database.drop();
});

/** Follows cursors to the end. */
async function pages(tool: typeof query, args: object): Promise<readonly Answer[]> {
  const all: Answer[] = [];
  let cursor: string | undefined;
  do {
    const answer = await caller.call(tool, { ...args, ...(cursor !== undefined && { cursor }) });
    all.push(answer);
    cursor = z.string().optional().parse(answer.output['next_cursor']);
  } while (cursor !== undefined);
  return all;
}

const rows = z.array(z.array(z.unknown()));
const rowsOf = (answers: readonly Answer[]): readonly unknown[][] =>
  answers.flatMap(({ output }) => rows.parse(output['rows']));

test('a query: values as they are, parameters, no more rows than asked for', async () => {
  const sql = 'SELECT id, name, born, tags FROM people WHERE id > $1 ORDER BY id';
  const { output } = await caller.call(query, { sql, params: [10], limit: 2 });
  expect(output).toMatchObject({
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'text' },
      { name: 'born', type: 'date' },
      { name: 'tags', type: 'text[]' },
    ],
    rows: [
      ['11', 'person 11', null, null],
      ['12', 'person 12', null, null],
    ],
    truncated: 'rows',
  });
  expect(output['warnings']).toContainEqual(expect.stringContaining('masked'));
});

test(verifies('E5.relations', 'a type has its name where that names nothing hidden'), async () => {
  const sql = 'SELECT mood, strange, stranger, denied_row, closed_rows, tags FROM people LIMIT 1';
  const { output } = await caller.call(query, { sql });
  expect(listOf({ output, text: '' }, 'columns').map(({ type }) => type)).toEqual([
    'app.mood',
    ...Array.from({ length: 4 }, () => 'user-defined'),
    'text[]',
  ]);
});

test('an array, a truth and nothing as parameters', async () => {
  const sql = 'SELECT count(*)::int FROM people WHERE id = ANY ($1) AND $2 AND $3::int IS NULL';
  const { output } = await caller.call(query, { sql, params: ['{1,2,3}', true, null] });
  expect(output['rows']).toEqual([[3]]);
});

test(
  verifies('E7.bytes', 'pages of a query fit together, and say so where they cannot'),
  async () => {
    const sql = 'SELECT id FROM orders ORDER BY placed, id';
    const answers = await pages(query, { sql, limit: 70 });
    expect(answers).toHaveLength(5);
    expect(rowsOf(answers)).toHaveLength(300);
    expect(new Set(rowsOf(answers).map(String)).size).toBe(200);
    expect(answers.every(({ output }) => output['warnings'] === undefined)).toBe(true);
    const unordered = await caller.call(query, { sql: 'SELECT id FROM orders', limit: 70 });
    expect(unordered.output['warnings']).toHaveLength(1);
  },
);

test(
  verifies('C2.parameters', 'a cursor belongs to its statement, its values and its caller'),
  async () => {
    const args = { sql: 'SELECT id FROM orders WHERE id > $1 ORDER BY id', params: [1], limit: 5 };
    const { output } = await caller.call(query, args);
    const cursor = output['next_cursor'];
    const invalid = expect.objectContaining({ code: 'cursor.invalid' });
    expect((await caller.call(query, { ...args, cursor })).output['rows']).toHaveLength(5);
    await expect(caller.call(query, { ...args, params: [2], cursor })).rejects.toEqual(invalid);
    await expect(other.call(query, { ...args, cursor })).rejects.toEqual(invalid);
    await expect(
      caller.call(browseRows, { table: 'app.orders', limit: 5, cursor }),
    ).rejects.toEqual(invalid);
    // Another number of rows is the same question.
    expect((await caller.call(query, { ...args, limit: 3, cursor })).output['rows']).toHaveLength(
      3,
    );
  },
);

test('the text of an answer is what was asked for; the structure is always the same', async () => {
  const sql = `SELECT 'a|b' AS "x|y", E'line\\nfeed' AS "n", '=1+1' AS f, '' AS e, NULL AS z`;
  const as = async (format: string): Promise<Answer> => caller.call(query, { sql, format });
  const [json, csv, markdown] = [await as('json'), await as('csv'), await as('markdown')];
  expect(json.output['rows']).toEqual([['a|b', 'line\nfeed', '=1+1', '', null]]);
  expect(csv.output['rows']).toEqual(json.output['rows']);
  expect(json.text).toContain(JSON.stringify('["a|b","line\\nfeed","=1+1","",null]').slice(1, -1));
  expect(csv.text).toContain(JSON.stringify('a|b,"line\nfeed",=1+1,"",').slice(1, -1));
  expect(markdown.text).toContain(
    JSON.stringify('| a\\|b | line\\nfeed | =1+1 |  | NULL |').slice(1, -1),
  );
});

test('rows are browsed by their key, each of them once', async () => {
  const answers = await pages(browseRows, { table: 'app.orders', columns: ['total'], limit: 70 });
  expect(answers).toHaveLength(5);
  expect(rowsOf(answers)).toHaveLength(300);
  expect(answers[0]?.output['columns']).toEqual([{ name: 'total', type: 'numeric(10,2)' }]);
  // The key of these pages is no column that was asked for.
  expect(rowsOf(answers).every((row) => row.length === 1)).toBe(true);
});

test('rows are browsed in an order, with values that are there more than once', async () => {
  const answers = await pages(browseRows, {
    table: 'app.orders',
    columns: ['placed', 'id'],
    order_by: 'placed',
    descending: true,
    limit: 90,
  });
  const keys = rowsOf(answers).map((row) => row.join(' '));
  expect(new Set(keys).size).toBe(300);
  expect(keys.at(0)).toMatch(/^2026/);
  expect(keys.at(-1)).toMatch(/^2025/);
});

test('a parent and its children may have the same key twice: no row is lost', async () => {
  await world.database.admin(
    `INSERT INTO app.animals SELECT n FROM generate_series(10, 30) n;
     INSERT INTO app.dogs (id) SELECT n FROM generate_series(10, 30) n`,
  );
  const answers = await pages(browseRows, {
    table: 'app.animals',
    filters: [{ column: 'id', op: '>=', values: [10] }],
    limit: 5,
  });
  expect(rowsOf(answers)).toHaveLength(42);
  expect(answers[0]?.output['warnings']).toHaveLength(1);
});

test('a view has no key, and is browsed all the same', async () => {
  const answers = await pages(browseRows, { table: 'app.order_totals', limit: 1 });
  expect(rowsOf(answers)).toHaveLength(2);
});

test(verifies('C2.identifiers', 'C2.parameters', 'filters: one for each operator'), async () => {
  const count = async (filter: object): Promise<number> => {
    const answer = await caller.call(browseRows, {
      table: 'people',
      columns: ['id'],
      filters: [filter],
      limit: 1000,
    });
    return rowsOf([answer]).length;
  };
  expect(await count({ column: 'id', op: '=', values: [7] })).toBe(1);
  expect(await count({ column: 'id', op: 'in', values: [7, 8, '9'] })).toBe(3);
  expect(await count({ column: 'id', op: '<=', values: [7] })).toBe(7);
  expect(await count({ column: 'name', op: 'like', values: ['person 1%'] })).toBe(11);
  expect(await count({ column: 'name', op: 'ilike', values: ['PERSON 1_'] })).toBe(10);
  expect(await count({ column: 'born', op: 'is_null' })).toBe(50);
  expect(await count({ column: 'born', op: 'is_not_null' })).toBe(0);
  expect(await count({ column: 'name', op: '=', values: ["' OR true --"] })).toBe(0);
  // A mask is what is compared.
  expect(await count({ column: 'email', op: '=', values: ['p1'] })).toBe(0);
  for (const wrong of [
    { column: 'id', op: '=' },
    { column: 'id', op: '=', values: [1, 2] },
    { column: 'id', op: 'is_null', values: [1] },
  ])
    await expect(count(wrong)).rejects.toMatchObject({ code: 'sql.parameters' });
  for (const column of ['nothing', '"id"', 'id" OR "id', 'xyzzy_hidden', 'ctid'])
    await expect(count({ column, op: 'is_null' })).rejects.toMatchObject({
      code: 'column.unknown',
    });
});

test('names that have to be quoted are browsed as they are shown', async () => {
  const { output } = await caller.call(browseRows, {
    table: '"Weird ""schema"".x"."a.b ""c""\\u{A}d"',
    columns: ['Column | one'],
    order_by: 'Column | one',
  });
  expect(output['columns']).toEqual([{ name: 'Column | one', type: 'text' }]);
});
