import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loadParser, REFUSALS, type StatementGuard } from '../../src/guard/index.ts';
import { FORBIDDEN_EXPRESSIONS, HOSTILE, PLACES } from './hostile.ts';
import { makeWorld, OPEN, type World } from './world.ts';

let world: World;
let guard: StatementGuard;

beforeAll(async () => {
  world = await makeWorld();
  guard = await world.guard(OPEN);
});
afterAll(async () => world.close());

function refusalOf(sql: string, parameters = 0): Refusal {
  try {
    const { text } = guard.parse(sql, parameters);
    throw new Error(`accepted: ${text}`);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

describe('statements that must not run', () => {
  for (const [what, statements] of Object.entries(HOSTILE)) {
    it(verifies('C2.statement', 'C10.statements', `refuses ${what}`), async () => {
      for (const [code, sql] of statements) {
        // Some are too deep for the parser, and the next one meets a new one.
        await loadParser();
        const { code: found, detail } = refusalOf(sql);
        expect([sql.slice(0, 120), found]).toEqual([sql.slice(0, 120), code]);
        // Each is refused for what it is, and none only because it cannot be written anew.
        expect([sql.slice(0, 120), detail]).not.toEqual([sql.slice(0, 120), 'reads differently']);
      }
    });
  }

  it(
    verifies('C10.statements', 'refuses a forbidden expression in every place of a statement'),
    () => {
      for (const place of PLACES) {
        // The place itself is fine.
        expect(() => guard.parse(place.replaceAll('@', '1'), 0)).not.toThrow();
        for (const expression of FORBIDDEN_EXPRESSIONS) {
          const sql = place.replaceAll('@', `(${expression})`);
          expect(`${refusalOf(sql).code}: ${sql}`).not.toMatch(/^sql.syntax/);
        }
      }
    },
  );

  it(verifies('C8.no-leak', 'says nothing that the statement says'), async () => {
    for (const [, sql] of Object.values(HOSTILE).flat()) {
      await loadParser();
      const { message, code } = refusalOf(sql);
      const [, own] = Object.entries<string>(REFUSALS).find(([each]) => each === code) ?? [];
      const rest = message.replace(own ?? '', '').replace(/ At character \d+\./, '');
      expect(CONSTANT_ADVICE).toContain(rest.trim());
    }
  });

  it('counts characters, not bytes, where it says where', () => {
    expect(refusalOf(`SELECT 'é😀', pg_sleep(1)`).message).toMatch(/At character 14\.$/);
    expect(refusalOf(`SELECT 'é😀', * * *`).message).toMatch(/At character 16\.$/);
  });
});

/** All that is ever added to the sentence of a code. */
const CONSTANT_ADVICE = [
  '',
  'It would make too large a value.',
  'Its size has to be a constant, or LEAST(…, constant).',
  'Write a column of this name without its table.',
];
