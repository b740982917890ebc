import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import fc from 'fast-check';
import { DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { StatementGuard } from '../../src/guard/index.ts';
import { makeWorld, OPEN, type World } from './world.ts';

let world: World;
let guard: StatementGuard;

/** Tables that say their own name, and names for expressions that are the same. */
const NAMES = ['a', 'b', 'c'] as const;
const TABLES = NAMES.map(
  (name) => `CREATE TABLE app.${name} (v text); INSERT INTO app.${name} VALUES ('table ${name}');`,
).join('\n');

beforeAll(async () => {
  world = await makeWorld(TABLES);
  guard = await world.guard(OPEN);
});
afterAll(async () => world.close());

let counter = 0;
const name = fc.constantFrom(...NAMES);
/** Queries with one column, nested as WITH, sub-selects, unions and joins allow. */
const { query } = fc.letrec<{ query: string; source: string }>((tie) => ({
  source: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    name,
    name.map((each) => `app.${each}`),
    name.map((each) => `ONLY ${each}`),
    tie('query').map((each) => `(${each}) s${String((counter += 1))}`),
    tie('query').map((each) => `LATERAL (${each}) s${String((counter += 1))}`),
  ),
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    name.map((each) => `SELECT v FROM ${each}`),
    name.map((each) => `TABLE ${each}`),
    tie('source').map((each) => `SELECT * FROM ${each}`),
    fc.tuple(tie('query'), tie('query')).map(([a, b]) => `(${a}) UNION ALL (${b})`),
    fc
      .tuple(tie('query'), tie('query'))
      .map(([a, b]) => `(SELECT (${a} LIMIT 1) || ', ' || (${b} LIMIT 1) AS v)`),
    fc
      .tuple(tie('query'), tie('query'))
      .map(([a, b]) => `SELECT v FROM (${a}) q WHERE EXISTS (${b}) ORDER BY (${b} LIMIT 1)`),
    fc
      .tuple(
        fc.boolean(),
        fc.uniqueArray(fc.tuple(name, tie('query')), {
          minLength: 1,
          maxLength: 3,
          selector: ([each]) => each,
        }),
        tie('query'),
      )
      .map(([isRecursive, expressions, body]) => {
        const list = expressions.map(
          ([each, inner]) => `${each}(v) AS (SELECT 'with ${each}: ' || v FROM (${inner}) x)`,
        );
        return `WITH ${isRecursive ? 'RECURSIVE ' : ''}${list.join(', ')} ${body.startsWith('WITH') ? `SELECT * FROM (${body}) y` : body}`;
      }),
  ),
}));

describe('names of common table expressions', () => {
  it(
    verifies(
      'C3.relations',
      'mean to the guard what they mean to PostgreSQL, however WITH is nested',
    ),
    async () => {
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(query, async (sql) => {
          const asked = await outcome(() => world.direct(sql));
          const sent = await outcome(async () => world.run(guard.parse(sql, 0)));
          expect([sql, sent]).toEqual([sql, asked]);
          answered += typeof asked === 'string' ? 0 : 1;
        }),
        { numRuns: 300 },
      );
      expect(answered).toBeGreaterThan(100);
    },
  );

  async function outcome(work: () => Promise<unknown>): Promise<unknown> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DatabaseError) return error.code;
      if (error instanceof Refusal) return error.code;
      throw error;
    }
  }
});
