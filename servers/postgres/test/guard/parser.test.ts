import { verifies } from '@secure-mcp/testkit';
import { parseSync } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';

import { createStatementGuard, loadParser, type Parser } from '../../src/guard/index.ts';
import { NotSql, TooDeep } from '../../src/guard/parser.ts';
import { HOSTILE } from './hostile.ts';
import { LEGITIMATE } from './legitimate.ts';
import { OPEN } from './world.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

const NOTHING = { relations: [], functions: [], types: [], attributes: [], extensionSchemas: [] };
/** Deeper than any stack, where nothing bounds the text. */
const DEEP = `SELECT ${'1+'.repeat(16_000)}1`;

function errorOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('the parser', () => {
  it('says what the package’s own way in says', () => {
    const texts = [
      ...LEGITIMATE.map(({ sql }) => sql),
      ...Object.values(HOSTILE)
        .flat()
        .map(([, sql]) => sql),
    ].filter((sql) => sql.trim() !== '' && sql.length < 2000);
    let trees = 0;
    for (const sql of texts) {
      const theirs = errorOf(() => parseSync(sql));
      const ours = errorOf(() => parser.parse(sql));
      if (theirs instanceof Error) {
        expect(ours).toBeInstanceOf(NotSql);
        expect(ours).toMatchObject({ place: Reflect.get(theirs, 'sqlDetails').cursorPosition });
      } else {
        expect(ours).toEqual(theirs);
        trees += 1;
      }
    }
    expect(trees).toBeGreaterThan(250);
  });

  it(
    verifies(
      'C10.statements',
      'is a new one after each overflow of its stack, for an old one says anything',
    ),
    async () => {
      const sql = 'SELECT a, b FROM t WHERE x = 1 AND y IN (SELECT 1)';
      const [tree, fingerprint] = [parser.parse(sql), parser.fingerprint(sql)];
      for (let times = 0; times < 30; times += 1) {
        expect(errorOf(() => parser.parse(DEEP))).toBeInstanceOf(TooDeep);
        expect(errorOf(() => parser.parse(sql))).toMatchObject({ code: 'sql.unavailable' });
        parser = await loadParser();
        expect(parser.parse(sql)).toEqual(tree);
        expect(parser.fingerprint(sql)).toBe(fingerprint);
      }
    },
  );

  it('comes back by itself for whoever holds a guard', async () => {
    const guard = await createStatementGuard(OPEN, NOTHING);
    expect(errorOf(() => parser.parse(DEEP))).toBeInstanceOf(TooDeep);
    await expect
      .poll(() => errorOf(() => guard.parse('SELECT 1', 0)))
      .toMatchObject({ text: 'SELECT 1' });
  });
});
