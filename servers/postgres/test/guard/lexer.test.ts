import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import fc from 'fast-check';
import { Client, DatabaseError, type QueryArrayConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loadParser, type Parser, type StatementGuard } from '../../src/guard/index.ts';
import { makeWorld, OPEN, type World } from './world.ts';

let world: World;
let guard: StatementGuard;
let parser: Parser;
let client: Client;
/** A session whose role says that a backslash escapes in plain strings. */
let odd: Client;

beforeAll(async () => {
  world = await makeWorld();
  guard = await world.guard(OPEN);
  parser = await loadParser();
  const { database, role } = world;
  client = new Client({ connectionString: database.url(role) });
  await client.connect();
  await client.query('SET default_transaction_read_only = on');
  const other = database.role('odd');
  await database.admin(`CREATE ROLE ${other} LOGIN PASSWORD '${other}';
    ALTER ROLE ${other} SET standard_conforming_strings = off;
    ALTER ROLE ${other} SET escape_string_warning = off`);
  odd = new Client({ connectionString: database.url(other) });
  await odd.connect();
});
afterAll(async () => {
  await client.end();
  await odd.end();
  await world.close();
});

/** What begins and ends strings, names and comments in PostgreSQL, whole and broken. */
const WHOLE = [
  `'a'`,
  `'it''s; '`,
  String.raw`'back\'`,
  String.raw`'\\'`,
  String.raw`E'\''`,
  String.raw`E'\\'`,
  String.raw`e'\x27;\u0027\047'`,
  String.raw`E'''\'''`,
  String.raw`U&'\0027;'`,
  String.raw`U&'!0027' UESCAPE '!'`,
  `'one'\n'two'`,
  String.raw`E'a'` + '\n' + String.raw`'\''`,
  `$$ '; $$`,
  `$a$ $$ ; ' $a$`,
  `$a$ $b$ $a$`,
  `N'x'`,
  `B'101'`,
  `X'1F'`,
  `"a""b;"`,
  String.raw`U&"d\0061ta"`,
  `1`,
  `1.5e3`,
  `lower('A')`,
];
const BETWEEN = [
  ' ',
  '\n',
  '\t',
  `/* ' */`,
  `/* /* ; */ ' */`,
  `-- ';\n`,
  `--\n`,
  '/**/',
  String.raw`/* \' */`,
];
const BROKEN = [
  `'`,
  `"`,
  `;`,
  `$$`,
  `$a$`,
  `/*`,
  `*/`,
  `--`,
  `\\`,
  String.raw`\'`,
  `E'`,
  `U&'`,
  `''`,
  `SELECT 2`,
  `; SELECT 2`,
  `, 3`,
  `é`,
  `\u00A0`,
  `||`,
];

const between = fc.array(fc.constantFrom(...BETWEEN), { maxLength: 2 }).map((all) => all.join(''));
const values = fc
  .array(fc.tuple(between, fc.constantFrom(...WHOLE), between), { minLength: 1, maxLength: 4 })
  .map((all) => all.map(([before, value, after]) => `${before} ${value} ${after}`).join(','));
/** One statement, or several, sometimes with something broken stuck in anywhere. */
const statement = fc
  .tuple(
    fc.array(values, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(fc.nat(200), fc.constantFrom(...BROKEN)), { maxLength: 1 }),
  )
  .map(([lists, broken]) =>
    broken.reduce(
      (sql, [at, piece]) => {
        const place = 6 + (at % (sql.length - 5));
        return sql.slice(0, place) + piece + sql.slice(place);
      },
      lists.map((list) => `SELECT ${list}`).join(';'),
    ),
  );

/** Over the extended protocol: the server parses all of a text, and runs one statement at most. */
function extended(text: string): QueryArrayConfig & { readonly queryMode: 'extended' } {
  return { text, rowMode: 'array', queryMode: 'extended' };
}

/** How many statements the server sees, without running more than one. */
async function countByServer(sql: string): Promise<number | 'error'> {
  try {
    await client.query(extended(sql));
    return /\S/.test(sql) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.message.startsWith('cannot insert multiple commands')) return 2;
    // Everything else was read, but not run: a name that means nothing, digits that are no bits.
    return ['42601', '22021', '22025'].includes(error.code ?? '') ? 'error' : 1;
  }
}

function countByGuard(sql: string): number | 'error' {
  try {
    return Math.min(2, parser.parse(sql).stmts?.length ?? 0);
  } catch {
    return 'error';
  }
}

describe('strings, names and comments', () => {
  it(
    verifies(
      'C2.statement',
      'the parser and the server see the same number of statements in any text',
    ),
    async () => {
      let many = 0;
      await fc.assert(
        fc.asyncProperty(statement, async (sql) => {
          const [ours, theirs] = [countByGuard(sql), await countByServer(sql)];
          many += theirs === 2 ? 1 : 0;
          // Our parser ends a string before a comment, where the server lets it go on behind it. That
          // is refused; and nothing that is sent has a comment.
          if (ours !== 'error' || !/'\s*--/.test(sql)) expect([sql, ours]).toEqual([sql, theirs]);
        }),
        { numRuns: 1500 },
      );
      expect(many).toBeGreaterThan(20);
    },
  );

  it(
    verifies(
      'C2.statement',
      'what is sent means what was asked, whatever the session takes for an escape',
    ),
    async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(statement, async (sql) => {
          let text: string;
          try {
            ({ text } = guard.parse(sql, 0));
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
            return;
          }
          const asked = await rowsOf(client, sql);
          const sent = await rowsOf(client, text);
          expect([sql, sent]).toEqual([sql, asked]);
          expect([text, await rowsOf(odd, text)]).toEqual([text, asked]);
          run += asked === 'error' ? 0 : 1;
        }),
        { numRuns: 1500 },
      );
      expect(run).toBeGreaterThan(100);
    },
  );

  it('a string that goes on behind a comment is refused, for the two read it differently', async () => {
    const sql = `SELECT 'a' -- comment\n 'b'`;
    expect(await rowsOf(client, sql)).toEqual([['ab']]);
    expect(() => guard.parse(sql, 0)).toThrow('not valid SQL');
  });

  it('a session with other escapes would read the caller’s own text differently', async () => {
    const sql = String.raw`SELECT 'a\', pg_backend_pid(), '\'`;
    expect(await rowsOf(client, sql)).not.toEqual(await rowsOf(odd, sql));
    expect(() => guard.parse(sql, 0)).toThrow('function');
    const harmless = String.raw`SELECT 'a\', 'b'`;
    expect(await rowsOf(odd, guard.parse(harmless, 0).text)).toEqual(
      await rowsOf(client, harmless),
    );
  });
});

async function rowsOf(session: Client, sql: string): Promise<unknown> {
  try {
    const { rows } = await session.query(extended(sql));
    return rows;
  } catch (error) {
    if (error instanceof DatabaseError) return 'error';
    throw error;
  }
}
