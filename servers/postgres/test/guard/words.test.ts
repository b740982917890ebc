import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  createCursors,
  identifierText,
  loadParser,
  type Parser,
  parameterValues,
  relationText,
  requestedName,
  sqlText,
  wireValues,
} from '../../src/guard/index.ts';
import { quoteIdentifier, quoteText } from '../../src/guard/sql/print/words.ts';
import { LIMITS } from '../../src/policy.ts';
import { makeDatabase, type TestDatabase } from '../postgres.ts';

let database: TestDatabase;
let client: Client;
let odd: Client;

beforeAll(async () => {
  database = await makeDatabase();
  client = new Client({ connectionString: database.url() });
  odd = new Client({ connectionString: database.url() });
  await client.connect();
  await odd.connect();
  await odd.query('SET standard_conforming_strings = off; SET escape_string_warning = off');
});
afterAll(async () => {
  await client.end();
  await odd.end();
  await database.drop();
});

/** Text that likes to be something else. */
const hostile = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(
        ...Array.from('\'"\\;-/*$ .,{}()[]%_aZ0é\n\r\t\u2028'),
        '\u{1F600}',
        "''",
        '""',
        '\\\\',
        '$$',
        'NULL',
        'null',
        '--',
        '/*',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 30,
  })
  .filter((text) => !text.includes('\0') && text.isWellFormed());

describe('names', () => {
  it(verifies('C2.identifiers', 'are read as PostgreSQL reads them'), async () => {
    const parser = await loadParser();
    const part = fc.oneof(
      fc.constantFrom(
        'orders',
        'Orders',
        'ORDERS',
        '"Orders"',
        '"a""b"',
        '"a.b"',
        'ünïcode',
        'a$1',
        '_x',
        '"select"',
        'É',
      ),
      hostile.map((text) => `"${text}"`),
      hostile,
    );
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('.', ' . ', ''),
        (parts, dot) => {
          const text = parts.join(dot);
          let found;
          try {
            found = requestedName(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'relation.unknown' });
            return;
          }
          // Visible escapes are ours: PostgreSQL does not know them. Words of SQL it wants in quotes.
          const known = /\\/.test(text) ? undefined : relationIn(parser, text);
          if (known === undefined) return;
          const { schemaname, relname } = known;
          expect([text, found.schema, found.name]).toEqual([text, schemaname, relname]);
          read += 1;
        },
      ),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(200);
  });

  function relationIn(parser: Parser, text: string) {
    try {
      const { stmts = [] } = parser.parse(`TABLE ${text}`);
      const statement = stmts[0]?.stmt;
      const [source] =
        statement !== undefined && 'SelectStmt' in statement
          ? (statement.SelectStmt.fromClause ?? [])
          : [];
      return source !== undefined && 'RangeVar' in source ? source.RangeVar : undefined;
    } catch {
      return undefined;
    }
  }

  it(verifies('C2.identifiers', 'are bounded, and a longer one is no shorter one'), () => {
    expect(requestedName(`"${'x'.repeat(63)}"`).name).toHaveLength(63);
    for (const text of [
      'x'.repeat(64),
      `"${'é'.repeat(32)}"`,
      '',
      '.',
      'a.',
      '.b',
      'a.b.c',
      '""',
      'a b',
      '"a',
      `a'b`,
      '1a',
      'a-b',
      'a;b',
      '"a\0b"',
    ])
      expect(() => requestedName(text)).toThrow(Refusal);
    expect(relationText.safeParse('x'.repeat(300)).success).toBe(false);
    expect(identifierText.safeParse('a\0').success).toBe(false);
    expect(sqlText.safeParse('x'.repeat(LIMITS.sqlCharactersMax + 1)).success).toBe(false);
  });

  it(verifies('C2.identifiers', 'are quoted so that they stay names'), async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const name = Array.from(text).slice(0, 15).join('') || 'x';
        const { fields } = await client.query(`SELECT 1 AS ${quoteIdentifier(name)}`);
        expect(fields.map((field) => field.name)).toEqual([name]);
      }),
      { numRuns: 300 },
    );
  });

  it(
    verifies('C2.statement', 'and strings mean the same whatever a session takes for an escape'),
    async () => {
      await fc.assert(
        fc.asyncProperty(hostile, async (text) => {
          for (const session of [client, odd]) {
            const { rows } = await session.query(`SELECT ${quoteText(text)} AS text`);
            expect(rows).toEqual([{ text }]);
          }
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('parameters', () => {
  it(verifies('C2.parameters', 'arrive as they were sent, whatever they hold'), async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(hostile), { maxLength: 5 }),
        hostile,
        async (list, text) => {
          const [first, second] = wireValues(parameterValues.parse([list, text]));
          const { rows } = await client.query('SELECT $1::text[] AS list, $2::text AS text', [
            first,
            second,
          ]);
          expect(rows).toEqual([{ list, text }]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it(
    verifies(
      'C2.parameters',
      'are text, exact integers, truth values, nothing, and lists of these',
    ),
    async () => {
      const values = parameterValues.parse([1, -0, true, null, 'x', [1, null, 'NULL', false, '']]);
      expect(wireValues(values)).toEqual([
        '1',
        '0',
        'true',
        null,
        'x',
        '{"1",NULL,"NULL","false",""}',
      ]);
      const { rows } = await client.query('SELECT $1::int[] AS numbers, $2::bool[] AS truths', [
        ...wireValues([[1, null], [true]]),
      ]);
      expect(rows).toEqual([{ numbers: [1, null], truths: [true] }]);
      for (const bad of [
        [Number.NaN],
        [Infinity],
        [1.5],
        [2 ** 53],
        ['a\0b'],
        ['\u{D800}'],
        [{}],
        [[[1]]],
        ['x'.repeat(LIMITS.parameterCharactersMax + 1)],
        Array.from({ length: LIMITS.parametersMax + 1 }, () => 1),
      ])
        expect(parameterValues.safeParse(bad).success).toBe(false);
    },
  );
});

describe('cursors', () => {
  let time = 1_000_000;
  const key = new Uint8Array(32).fill(7);
  const cursors = createCursors(key, () => time);
  const owner = {
    purpose: 'query',
    principal: 'alice',
    database: 'main',
    question: ['SELECT 1', [1]],
  };

  it('lead on where their page ended', () => {
    expect(cursors.read(undefined, owner)).toEqual({});
    for (const position of [{ skip: 100 }, { after: ['a', null, '"'] }, { after: [], skip: 3 }])
      expect(cursors.read(cursors.write(owner, position), owner)).toEqual(position);
  });

  it(verifies('C2.parameters', 'belong to one caller, one database and one question'), () => {
    const text = cursors.write(owner, { skip: 1 });
    for (const other of [
      { ...owner, purpose: 'browse' },
      { ...owner, principal: 'bob' },
      { ...owner, database: 'other' },
      { ...owner, question: ['SELECT 1', ['1']] },
    ])
      expect(() => cursors.read(text, other)).toThrow('cursor');
    expect(() => createCursors(new Uint8Array(32), () => time).read(text, owner)).toThrow('cursor');
  });

  it(verifies('C2.parameters', 'cannot be changed, made up or kept'), () => {
    const text = cursors.write(owner, { skip: 1 });
    const [payload = '', signature = ''] = text.split('.');
    const forged = Buffer.from(JSON.stringify([time * 2, { skip: 2 }])).toString('base64url');
    const bad = [
      '',
      '.',
      'x',
      payload,
      `${payload}.`,
      `.${signature}`,
      `${forged}.${signature}`,
      `${payload}.${signature.slice(0, -2)}`,
      `${payload}.${'A'.repeat(43)}`,
      `${payload}\n.${signature}`,
      text.toUpperCase(),
    ];
    for (const each of bad) expect(() => cursors.read(each, owner)).toThrow(Refusal);
    fc.assert(
      fc.property(
        fc.nat(text.length - 2),
        fc.constantFrom('a', 'Z', '9', '_', '-'),
        (at, character) => {
          fc.pre(text[at] !== character);
          const changed = text.slice(0, at) + character + text.slice(at + 1);
          expect(() => cursors.read(changed, owner)).toThrow('cursor');
        },
      ),
    );
    time += LIMITS.cursorMs;
    expect(cursors.read(text, owner)).toEqual({ skip: 1 });
    time += 1;
    expect(() => cursors.read(text, owner)).toThrow('cursor');
  });
});
