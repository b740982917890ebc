import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createStatementGuard, loadParser, type StatementGuard } from '../../src/guard/index.ts';
import { takeCensus } from '../../src/guard/sql/census.ts';
import { complaints } from '../../src/guard/sql/complaint.ts';
import { makeWorld, OPEN, type World } from './world.ts';

let world: World;
let guard: StatementGuard;

beforeAll(async () => {
  world = await makeWorld();
  guard = await world.guard(OPEN);
});
afterAll(async () => world.close());

describe('what is said about a statement', () => {
  it('which relations it reads, each once, and whether it orders its rows', () => {
    const { relations, isOrdered, isMasked, parameters } = guard.parse(
      `WITH x AS (SELECT * FROM orders) SELECT * FROM x, app.orders, customers, "orders" o WHERE o.id = $1 ORDER BY 1`,
      1,
    );
    expect({ relations, isOrdered, isMasked, parameters }).toEqual({
      relations: [
        { schema: 'app', name: 'orders' },
        { schema: 'app', name: 'customers' },
      ],
      isOrdered: true,
      isMasked: false,
      parameters: 1,
    });
    expect(guard.parse('SELECT * FROM (SELECT * FROM orders ORDER BY 1) x', 0).isOrdered).toBe(
      false,
    );
    expect(guard.parse('SELECT 1 UNION SELECT 2 ORDER BY 1', 0).isOrdered).toBe(true);
  });

  it('a fingerprint that constants do not change, and that holds none', () => {
    const of = (sql: string) => guard.parse(sql, 0).fingerprint;
    expect(of('SELECT * FROM orders WHERE id = 1')).toBe(
      of('select *  from orders where id=2 -- x'),
    );
    expect(of('SELECT * FROM orders')).not.toBe(of('SELECT * FROM customers'));
    expect(of(`SELECT 'secret'`)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('where the caller wrote what the server complains about', async () => {
    const mistakes: readonly (readonly [sql: string, at: string])[] = [
      [`SELECT id, nowhere FROM orders`, 'nowhere'],
      [`SELECT /* é😀 */ 'é😀', o.nowhere FROM orders o`, 'o.nowhere'],
      [`SELECT id FROM orders WHERE note + 1 > 2`, '+'],
      [`SELECT lower(1, 2) FROM orders`, 'lower'],
      [`WITH x AS (SELECT id FROM orders) SELECT nowhere FROM x`, 'nowhere'],
      [`SELECT id FROM orders GROUP BY status`, 'id'],
      [`SELECT id FROM orders WHERE id = 'x'`, `'x'`],
    ];
    for (const [sql, at] of mistakes) {
      const statement = guard.parse(sql, 0);
      const error: unknown = await world.run(statement).catch((thrown: unknown) => thrown);
      if (!(error instanceof DatabaseError)) throw new Error(`no error: ${sql}`);
      const prefix = 'DECLARE _c NO SCROLL CURSOR FOR '.length;
      const place = statement.placeOf(Number(error.position) - prefix) ?? 0;
      expect([
        sql,
        Array.from(sql)
          .slice(place - 1, place - 1 + at.length)
          .join(''),
      ]).toEqual([sql, at]);
    }
  });

  it('nothing, where the place is one of ours', () => {
    expect(guard.parse('SELECT 1', 0).placeOf(100_000)).toBeUndefined();
  });
});

describe('what an operator opens', () => {
  const isFine = (with_: StatementGuard, sql: string): boolean => {
    try {
      with_.parse(sql, 0);
      return true;
    } catch {
      return false;
    }
  };

  it(
    verifies('C2.unclassified', 'a function by its name, unless a form of it runs as its owner'),
    async () => {
      const functions = ['twice', 'definer', 'overloaded', 'none'].map((name) => ({
        schema: 'app',
        name,
      }));
      const open = await world.guard({ ...OPEN, functions });
      expect(isFine(guard, 'SELECT twice(1)')).toBe(false);
      expect(open.parse('SELECT twice(id), app.twice(1) FROM orders', 0).text).toContain(
        '"app"."twice"',
      );
      for (const sql of [
        'SELECT definer(1)',
        'SELECT overloaded(1)',
        `SELECT app.overloaded('x')`,
        'SELECT none()',
        'SELECT hidden.twice(1)',
      ])
        expect([sql, isFine(open, sql)]).toEqual([sql, false]);
      expect((await world.run(open.parse('SELECT twice(21)', 0))).rows).toEqual([['42']]);
    },
  );

  it(
    verifies(
      'C2.unclassified',
      'an extension: its functions and types, and no other’s beside them',
    ),
    async () => {
      const { database } = world;
      const [available] = await database.admin(
        `SELECT count(*) = 2 AS yes FROM pg_available_extensions WHERE name IN ('citext', 'pg_trgm')`,
      );
      expect(available?.['yes']).toBe(true);
      await database.admin(`CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext;
      GRANT USAGE ON SCHEMA ext TO ${world.role};
      CREATE FUNCTION ext.evil(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
      CREATE FUNCTION ext.show_limit(x int) RETURNS int LANGUAGE sql AS 'SELECT x'`);
      const open = await world.guard({ ...OPEN, extensions: ['pg_trgm'] });
      expect(open.parse(`SELECT similarity(name, 'x') FROM customers`, 0).text).toContain(
        '"ext"."similarity"',
      );
      expect((await world.run(open.parse(`SELECT ext.similarity('abc', 'abc')`, 0))).rows).toEqual([
        ['1'],
      ]);
      for (const sql of [
        `SELECT 'x'::citext`,
        `SELECT citext_eq('a', 'b')`,
        'SELECT evil(1)',
        'SELECT ext.evil(1)',
        'SELECT (1).evil',
        'SELECT show_limit()',
      ])
        expect([sql, isFine(open, sql)]).toEqual([sql, false]);
      const both = await world.guard({ ...OPEN, extensions: ['pg_trgm', 'citext'] });
      expect(both.parse(`SELECT 'x'::citext, 'x'::ext.citext[]`, 0).text).toContain(
        '"ext"."citext"',
      );
      expect(isFine(guard, `SELECT similarity('a', 'b')`)).toBe(false);
    },
  );

  it('an enum, by the schema that it lies in', () => {
    expect(
      guard.parse(`SELECT 'new'::status, 'new'::app.status`, 0).text.match(/"app"."status"/g),
    ).toHaveLength(2);
    expect(isFine(guard, `SELECT 'new'::hidden.status`)).toBe(false);
  });

  it(
    verifies(
      'C2.unclassified',
      'no attribute, where the catalog does not say what would be a call',
    ),
    async () => {
      const catalog = await world.catalog(OPEN);
      const blind = await createStatementGuard(OPEN, { ...catalog, attributes: [] });
      expect(isFine(blind, `SELECT o.id FROM orders o`)).toBe(false);
      expect(isFine(blind, `SELECT id FROM orders o`)).toBe(true);
    },
  );

  it('nothing that the catalog shows and the access does not name', async () => {
    const other = { schema: 'hidden', name: 'mood', extension: undefined };
    const catalog = await world.catalog(OPEN);
    const odd = await createStatementGuard(OPEN, {
      ...catalog,
      types: [...catalog.types, other, { schema: 'ext', name: 'vector', extension: 'vector' }],
      functions: [
        {
          schema: 'ext',
          name: 'stranger',
          extension: 'vector',
          isSecurityDefiner: false,
          isTrusted: true,
        },
      ],
    });
    for (const sql of [
      `SELECT 'x'::mood`,
      `SELECT 'x'::hidden.mood`,
      `SELECT 'x'::vector`,
      'SELECT stranger()',
    ])
      expect([sql, isFine(odd, sql)]).toEqual([sql, false]);
  });
});

describe('parameters', () => {
  it(verifies('C2.parameters', 'are those that are given, each used, and no other'), () => {
    expect(guard.parse('SELECT $2::int, $1::int, $1::text', 2).parameters).toBe(2);
    for (const [sql, given] of [
      ['SELECT $0', 1],
      ['SELECT $1::int, $3::int', 2],
      ['SELECT $1::int', 2],
      ['SELECT 1', 1],
    ] as const)
      expect(() => guard.parse(sql, given)).toThrow('parameters');
  });
});

describe('numbers', () => {
  it('are sent so that servers of all versions read them', async () => {
    const sql =
      'SELECT 0x1F, 0b11, 0o17, 1_000, 0xFFFFFFFFFFFF, 1_000_000_000_000, 1_0.5e1_0, -0x1F';
    const { text } = guard.parse(sql, 0);
    expect(text).toBe('SELECT 31, 3, 15, 1000, 281474976710655, 1000000000000, 10.5e10, -31');
    const [row] = (await world.run(guard.parse(sql, 0))).rows;
    expect(row).toEqual([
      '31',
      '3',
      '15',
      '1000',
      '281474976710655',
      '1000000000000',
      '105000000000',
      '-31',
    ]);
  });
});

describe('the census of a tree', () => {
  const complain = complaints('');
  const select = (more: object) => ({ SelectStmt: { op: 'SETOP_NONE', ...more } });

  it(
    verifies('C2.unclassified', 'refuses a node, a field and a value that is not in the table'),
    () => {
      expect(() => takeCensus(select({}), complain)).not.toThrow();
      const unknown: readonly unknown[] = [
        { Unknown: {} },
        { constructor: {} },
        select({ unknown: true }),
        select({ __proto__: null, toString: 1 }),
        select({ lockingClause: [] }),
        select({ intoClause: {} }),
        select({ op: 'SETOP_OTHER' }),
        select({ all: 'yes' }),
        select({ targetList: {} }),
        select({ targetList: [1] }),
        select({ targetList: [{ ResTarget: {}, ColumnRef: {} }] }),
        select({ targetList: [{ ResTarget: { val: [] } }] }),
        select({ targetList: [{ ResTarget: { location: 'x' } }] }),
        select({ larg: { unknown: 1 } }),
        select({ withClause: { ctes: [{ CommonTableExpr: { ctequery: { DeleteStmt: {} } } }] } }),
        select({ withClause: { unknown: 1 } }),
        select({ withClause: { ctes: [{ RangeVar: { catalogname: 'x' } }] } }),
      ];
      for (const tree of unknown) expect(() => takeCensus(tree, complain)).toThrow(Refusal);
    },
  );
});

describe('what cannot be written anew', () => {
  it(verifies('C2.statement', 'is refused, not sent as something else'), () => {
    const sql = `WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) CYCLE n
      SET looped TO date '2024-01-01' DEFAULT date '2024-01-02' USING way SELECT n FROM t`;
    expect(() => guard.parse(sql, 0)).toThrow('construct');
  });
});

describe('work that one statement can make', () => {
  it(
    verifies(
      'C10.statements',
      'is bounded for the worst statements that are as long as they may be',
    ),
    async () => {
      const fill = (piece: string, before = 'SELECT ', after = '') => {
        const room = 32_768 - before.length - after.length;
        return before + piece.repeat(Math.floor(room / piece.length)) + after;
      };
      const worst = [
        fill('1,', 'SELECT ', '1'),
        fill('1+', 'SELECT ', '1'),
        fill('(', 'SELECT '),
        fill('[', 'SELECT a'),
        fill('a.', 'SELECT ', 'a'),
        fill('a=1 AND ', 'SELECT 1 WHERE ', 'true'),
        fill('NOT ', 'SELECT ', 'true'),
        fill('-', 'SELECT ', '1'),
        fill('SELECT 1 UNION ', '', 'SELECT 1'),
        fill('CASE WHEN true THEN ', 'SELECT '),
        fill(`'a'||`, 'SELECT ', `'a'`),
        fill('/*', 'SELECT 1 '),
        fill('/**/', 'SELECT 1 '),
        fill('+-', 'SELECT 1 ', '1'),
        fill(`${'+-'.repeat(127)} `, 'SELECT 1 ', '1'),
        fill(`${'/**/'.repeat(63)} `, 'SELECT 1 '),
        fill(`''`, `SELECT '`, `'`),
        fill('orders,', 'SELECT 1 FROM ', 'orders'),
        fill('(SELECT ', 'SELECT '),
        fill('lower(', 'SELECT '),
        fill('$1,', 'SELECT ', '$1'),
        fill('é', `SELECT '`, `'`),
        fill('a JOIN ', 'SELECT 1 FROM ', 'a'),
        fill('WITH a AS (', ''),
      ];
      for (const sql of worst) {
        await loadParser();
        const start = performance.now();
        try {
          guard.parse(sql, 0);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(?:sql|relation)\./) });
        }
        expect([sql.slice(0, 40), performance.now() - start < 1500]).toEqual([
          sql.slice(0, 40),
          true,
        ]);
      }
      await loadParser();
      expect(guard.parse('SELECT 1', 0).text).toBe('SELECT 1');
    },
  );
});
