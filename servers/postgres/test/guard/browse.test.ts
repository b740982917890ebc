import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  browse,
  type Browsing,
  type CatalogColumn,
  type Position,
  type StatementGuard,
} from '../../src/guard/index.ts';
import type { Access } from '../../src/policy.ts';
import { makeWorld, MARKER, MASKED, OPEN, type World } from './world.ts';

let world: World;
const EXTRA = `
CREATE TABLE app.things (a int, b text, c numeric, d timestamptz, e uuid, f bytea, PRIMARY KEY (a, b));
INSERT INTO app.things SELECT n / 10, 'b' || n, CASE WHEN n % 4 = 0 THEN NULL ELSE n % 7 END,
  timestamptz '2024-01-01 00:00:00.123456+00' + n % 9 * interval '1 hour', md5(n::text)::uuid, convert_to(n::text, 'UTF8')
FROM generate_series(1, 97) n;
`;

beforeAll(async () => {
  world = await makeWorld(EXTRA);
});
afterAll(async () => world.close());

async function columnsOf(name: string): Promise<readonly CatalogColumn[]> {
  const rows = await world.database.admin(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
    [`app."${name.replaceAll('"', '""')}"`],
  );
  return rows.map(({ name: column, type }) => ({ name: String(column), type: String(type) }));
}

const known = new Map<
  string,
  Promise<Pick<Browsing, 'relation' | 'columns'> & { readonly guard: StatementGuard }>
>();

/** What there is to browse, found out once. */
function open(name: string, access: Access) {
  const key = JSON.stringify([name, access]);
  const found = known.get(key) ?? find(name, access);
  known.set(key, found);
  return found;
}

async function find(name: string, access: Access) {
  const relation = (await world.visibility(access)).find('app', name);
  if (relation === undefined) throw new Error('no such relation');
  return { relation, columns: await columnsOf(name), guard: await world.guard(access) };
}

async function page(name: string, more: Partial<Browsing>, access: Access = OPEN) {
  const { guard, ...what } = await open(name, access);
  const browsing = { ...what, key: [], show: [], filters: [], order: [], position: {}, ...more };
  const browsed = browse(guard, browsing);
  const { rows } = await world.run(browsed.statement, browsed.parameters);
  return { ...browsed, rows: rows.slice(browsed.skip) };
}

/** Reads all of a relation, some rows at a time. */
async function all(
  name: string,
  more: Partial<Browsing>,
  size: number,
): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let position: Position = {};
  for (let pages = 0; pages < 200; pages += 1) {
    const { rows, shown, next } = await page(name, { ...more, position });
    const given = rows.slice(0, size);
    found.push(...given.map((row) => row.slice(0, shown)));
    const last = given.at(-1);
    if (last === undefined || rows.length <= size) return found;
    position = next(last, given.length);
  }
  throw new Error('no end');
}

describe('a relation, page by page', () => {
  const key = ['a', 'b'];

  it('gives out each row once, in order, whatever decides about it', async () => {
    const orders: Browsing['order'][] = [
      [],
      [{ column: 'c', descending: false }],
      [{ column: 'c', descending: true }],
      [
        { column: 'd', descending: true },
        { column: 'c', descending: false },
      ],
      [{ column: 'e', descending: false }],
      [{ column: 'b', descending: true }],
    ];
    for (const order of orders) {
      const wished = [
        ...order,
        ...key
          .filter((name) => !order.some(({ column }) => column === name))
          .map((column) => ({ column, descending: false })),
      ];
      const text = wished
        .map(({ column, descending }) => `${column} ${descending ? 'DESC' : ''} NULLS LAST`)
        .join(', ');
      const expected = await world.direct(`SELECT a, b, c FROM things ORDER BY ${text}`);
      expect(await all('things', { key, order, show: ['a', 'b', 'c'] }, 10)).toEqual(expected.rows);
    }
  });

  it('goes on behind the last row, also when rows before it are gone', async () => {
    const first = await page('things', { key });
    const position = first.next(first.rows[9] ?? [], 10);
    expect(position).toEqual({ after: ['1', 'b10'] });
    expect((await page('things', { key, position })).rows[0]?.slice(0, 2)).toEqual(['1', 'b11']);
  });

  it('counts rows where no column tells them apart, or where their text is not all', async () => {
    for (const more of [
      { key: [] },
      { key: ['a', 'of no column'] },
      { key, order: [{ column: 'f', descending: false }] },
    ]) {
      const { next, rows, shown } = await page('things', more);
      expect(shown).toBe(6);
      expect(next(rows[4] ?? [], 5)).toEqual({ skip: 5 });
    }
    const masked = await page(
      'customers',
      { key: ['id'], order: [{ column: 'email', descending: false }] },
      MASKED,
    );
    expect(masked.next(masked.rows[0] ?? [], 1)).toEqual({ skip: 1 });
    const long = await page('things', { key });
    expect(long.next(['1', 'b', '', '', '', '', '1', 'x'.repeat(8000)], 7)).toEqual({ skip: 7 });
  });

  it('answers conditions as SQL would', async () => {
    const conditions: readonly (readonly [Browsing['filters'][number], string])[] = [
      [{ column: 'a', op: '=', value: 3 }, 'a = 3'],
      [{ column: 'a', op: '<>', value: '3' }, 'a <> 3'],
      [{ column: 'c', op: '>=', value: '2.5' }, 'c >= 2.5'],
      [{ column: 'b', op: 'like', value: 'b_' }, `b LIKE 'b_'`],
      [{ column: 'a', op: 'like', value: '1%' }, `a::text LIKE '1%'`],
      [{ column: 'b', op: 'ilike', value: 'B%5' }, `b ILIKE 'B%5'`],
      [{ column: 'a', op: 'in', value: [1, '2', 9] }, 'a IN (1, 2, 9)'],
      [{ column: 'a', op: 'in', value: [] }, 'false'],
      [{ column: 'c', op: 'is_null' }, 'c IS NULL'],
      [{ column: 'c', op: 'is_not_null' }, 'c IS NOT NULL'],
      [{ column: 'd', op: '<', value: '2024-01-01T05:00:00Z' }, `d < '2024-01-01 05:00+00'`],
    ];
    for (const [filter, sql] of conditions) {
      const expected = await world.direct(`SELECT a, b FROM things WHERE ${sql} ORDER BY a, b`);
      const { rows, shown } = await page('things', { key, filters: [filter], show: ['a', 'b'] });
      expect([sql, rows.map((row) => row.slice(0, shown))]).toEqual([sql, expected.rows]);
    }
  });

  it(verifies('C2.identifiers', 'takes only names of its own columns'), async () => {
    for (const column of [
      '',
      'nowhere',
      'a; DROP TABLE things',
      'a"',
      '"a"',
      'A',
      'ctid',
      'b) OR (true',
      '*',
    ]) {
      for (const more of [
        { show: [column] },
        { order: [{ column, descending: false }] },
        { filters: [{ column, op: 'is_null' }] } satisfies Partial<Browsing>,
      ])
        await expect(page('things', more)).rejects.toMatchObject({
          code: 'column.unknown',
        });
    }
    const odd = await page('Odd "Name"', { show: ['Column "x"'] });
    expect(odd.rows).toEqual([['1']]);
  });

  it(verifies('C2.parameters', 'lets no value be more than a value'), async () => {
    for (const value of [`' OR true --`, `'; DROP TABLE things; --`, '\\', `b1' UNION SELECT`]) {
      const { rows, statement } = await page('things', {
        key,
        filters: [{ column: 'b', op: '=', value }],
      });
      expect(rows).toEqual([]);
      expect(statement.text).not.toContain(value);
    }
  });

  it(verifies('E6.masks', 'shows and compares masks where there are masks'), async () => {
    const shown = await page('customers', { key: ['id'] }, MASKED);
    expect(JSON.stringify(shown.rows)).not.toContain(MARKER);
    const guess = { column: 'email', op: 'like', value: `%${MARKER}%` } as const;
    expect((await page('customers', { key: ['id'], filters: [guess] }, MASKED)).rows).toEqual([]);
    expect((await page('customers', { key: ['id'], filters: [guess] })).rows).toHaveLength(20);
  });

  it('refuses a position that is of another order', async () => {
    await expect(page('things', { key, position: { after: ['1'] } })).rejects.toThrow('cursor');
    await expect(page('things', { key, position: { after: ['1', '2', '3'] } })).rejects.toThrow(
      'cursor',
    );
  });
});
