import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SALT_SETTING, type StatementGuard } from '../../src/guard/index.ts';
import type { Access, MaskKind } from '../../src/policy.ts';
import { makeWorld, MARKER, MASKED, OPEN, type Table, type World } from './world.ts';

let world: World;
let guard: StatementGuard;

beforeAll(async () => {
  world = await makeWorld();
  guard = await world.guard(MASKED);
});
afterAll(async () => world.close());

/** All that a caller could get to see, and more: the answer, or the server's error with all its details. */
async function seen(sql: string, parameters: readonly unknown[] = []): Promise<string> {
  let statement;
  try {
    statement = guard.parse(sql, parameters.length);
  } catch (error) {
    if (error instanceof Refusal) return `refused: ${error.code} ${error.message}`;
    throw error;
  }
  const texts: string[] = [statement.fingerprint];
  try {
    texts.push(JSON.stringify(await world.run(statement, parameters)));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    texts.push(JSON.stringify([error.message, Object.entries(error)]));
  }
  if (parameters.length > 0) return texts.join('\n');
  for (const options of ['VERBOSE', 'ANALYZE, VERBOSE, FORMAT JSON']) {
    try {
      texts.push(await world.explain(statement, options));
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      texts.push(error.message);
    }
  }
  return texts.join('\n');
}

const COLUMNS = ['email', 'phone', 'ssn', 'contact', 'secret'];
/** Each tries to bring a masked value into the answer, or into an error. @ is a masked column of customers. */
const READS = [
  'SELECT @ FROM customers',
  'SELECT c.@ FROM customers AS c',
  'SELECT customers.@ FROM app.customers',
  'SELECT * FROM customers',
  'SELECT c.* FROM customers c',
  'SELECT c FROM customers c',
  'SELECT customers FROM customers',
  'SELECT (c).@ FROM customers c',
  'SELECT (c).* FROM customers c',
  'SELECT ((c)).@ FROM (SELECT c FROM customers c) x',
  'SELECT ROW(c.*) FROM customers c',
  'SELECT ROW(c) FROM customers c',
  'SELECT c::text FROM customers c',
  'SELECT row_to_json(c), to_jsonb(c) FROM customers c',
  'SELECT c.row_to_json FROM customers c',
  'SELECT c.to_json FROM customers c',
  'SELECT json_agg(c) FROM customers c',
  'SELECT array_agg(c) FROM customers c',
  'SELECT array_agg(@) FROM customers',
  'SELECT string_agg(@::text, $$,$$) FROM customers',
  'SELECT min(@::text), max(@::text) FROM customers',
  'SELECT max(c.@::text) OVER (ORDER BY c.@) FROM customers c',
  'SELECT jsonb_each_text(to_jsonb(c)) FROM customers c',
  'SELECT * FROM customers, LATERAL (SELECT customers.@ AS x) y',
  'SELECT (SELECT @) FROM customers',
  'SELECT ARRAY(SELECT @ FROM customers)',
  'SELECT (SELECT array_agg(@) FROM customers)',
  'TABLE customers',
  'TABLE ONLY customers',
  'SELECT @ FROM ONLY customers',
  'SELECT @ FROM customers *',
  'WITH c AS (SELECT * FROM customers) SELECT @ FROM c',
  'WITH customers AS (SELECT * FROM customers) SELECT @ FROM customers',
  'WITH RECURSIVE c AS (SELECT * FROM customers UNION ALL SELECT * FROM c WHERE false) SELECT @ FROM c',
  'WITH x AS (SELECT 1) SELECT @ FROM customers, x',
  'SELECT @ FROM customers UNION SELECT @ FROM customers',
  'SELECT * FROM (SELECT 1) a NATURAL JOIN (SELECT * FROM customers) b',
  'SELECT @ FROM (customers c JOIN orders o ON o.customer_id = c.id) AS j(a, b, cc, email, phone, ssn, contact, secret)',
  'SELECT j.* FROM (customers a JOIN customers b USING (id)) AS j',
  'SELECT b.@ FROM customers a JOIN customers b USING (@)',
  'SELECT u FROM customers a JOIN customers b USING (@) AS u',
  'SELECT a.@ FROM customers a FULL JOIN customers b ON a.@ = b.@',
  'SELECT x.* FROM customers AS x(a, b, c, d, e, f, g, h, i)',
  'SELECT @::int FROM customers',
  'SELECT CAST(@ AS date) FROM customers',
  'SELECT @::json FROM customers',
  'SELECT @::text::int[] FROM customers',
  'SELECT @::app.status FROM customers',
  'SELECT id FROM customers WHERE @::int > 0',
  'SELECT id FROM customers ORDER BY @::int',
  'SELECT 1 / (length(@::text) - length(@::text)) FROM customers',
  'SELECT to_number(@::text, $$999$$) FROM customers',
  'SELECT to_timestamp(@::text, $$YYYY$$) FROM customers',
  'SELECT (@::text)::interval FROM customers',
  'SELECT json_object(@::text VALUE 1) FROM customers',
  'SELECT json_object(ARRAY[@::text]) FROM customers',
  'SELECT substring(@::text FROM @::text || $$[$$) FROM customers',
  'SELECT (@::text)::jsonpath FROM customers',
  'SELECT @ FROM customers TABLESAMPLE system (100)',
  'SELECT @ FROM customers LIMIT (SELECT max(@)::text::int FROM customers)',
  'SELECT DISTINCT ON (@) @ FROM customers',
  'SELECT @, count(*) FROM customers GROUP BY @',
  'SELECT @ FROM customers GROUP BY CUBE (@) HAVING max(@::text) IS NOT NULL',
  'SELECT mode() WITHIN GROUP (ORDER BY @) FROM customers',
  'SELECT app.customers.@ FROM app.customers',
  'SELECT app.customers.* FROM app.customers',
  'SELECT ctid, xmin, tableoid FROM customers',
  'SELECT * FROM over_customers',
  'SELECT * FROM over_view',
  'SELECT * FROM stored_customers',
  'SELECT * FROM over_statistics',
  'SELECT * FROM pg_stats',
  'SELECT token FROM events',
  'SELECT * FROM events_2023',
  'SELECT * FROM events_2024',
  'SELECT e FROM ONLY events_2023 e',
  'SELECT * FROM over_partition',
  'SELECT secret FROM people',
  'SELECT secret FROM ONLY people',
  'SELECT * FROM staff',
  'SELECT s, s.secret FROM staff s',
  'SELECT opaque.* FROM opaque',
];

describe('masked columns', () => {
  it('are not masked for somebody else', async () => {
    const open = await world.guard(OPEN);
    expect(JSON.stringify(await world.run(open.parse('TABLE customers', 0)))).toContain(MARKER);
  });

  it(
    verifies('E6.masks', 'no statement brings their values into an answer, an error or a plan'),
    async () => {
      let answered = 0;
      for (const read of READS) {
        for (const column of read.includes('@') ? COLUMNS : ['']) {
          const sql = read.replaceAll('@', column);
          const text = await seen(sql);
          expect([sql, text.includes(MARKER)]).toEqual([sql, false]);
          answered += text.includes('"rows":[[') ? 1 : 0;
        }
      }
      // Most of them do answer: with masks.
      expect(answered).toBeGreaterThan(150);
    },
  );

  /** Each asks about a value that is there, and about one that is not. Masked, both have the same answer. */
  const QUESTIONS = [
    'SELECT count(*) FROM customers WHERE email = @',
    'SELECT count(*) FROM customers c WHERE c.email LIKE @',
    'SELECT count(*) FROM customers WHERE @ IN (email, phone, ssn, contact)',
    'SELECT count(*) FROM customers WHERE email > @',
    'SELECT count(*) FROM customers WHERE email ~ @ OR phone ~ @ OR ssn ~ @ OR secret ~ @',
    'SELECT count(*) FROM customers c WHERE c::text LIKE $$%$$ || @ || $$%$$',
    'SELECT count(*) FROM customers c WHERE to_jsonb(c) ->> $$email$$ = @',
    'SELECT count(*) FROM customers JOIN (VALUES (@)) AS guess(email) USING (email)',
    'SELECT count(*) FROM customers NATURAL JOIN (SELECT @ AS email) guess',
    'SELECT count(*) FROM customers c WHERE EXISTS (SELECT FROM customers d WHERE d.email = @ AND d.id = c.id)',
    'SELECT count(*) FROM customers WHERE (id, email) = (1, @)',
    'SELECT count(*) FILTER (WHERE email = @) FROM customers',
    'SELECT CASE WHEN email = @ THEN 1 ELSE 0 END FROM customers ORDER BY id',
    'SELECT id FROM customers ORDER BY email = @, id',
    'SELECT id FROM customers WHERE email = @ UNION SELECT -1',
    'SELECT count(*) FROM events WHERE token = @',
    'SELECT count(*) FROM people WHERE secret = @',
    'SELECT count(*) FROM customers WHERE secret::text LIKE $$%$$ || @ || $$%$$',
    'SELECT nullif(email, @) IS NULL FROM customers ORDER BY id',
    'SELECT rank(@) WITHIN GROUP (ORDER BY email) FROM customers',
    'SELECT width_bucket(@, ARRAY[email]) FROM customers ORDER BY id',
    'SELECT 1 / (CASE WHEN email = @ THEN 0 ELSE 1 END) FROM customers',
  ];
  const RIGHT = `'x${MARKER}1@example.com'`;
  const WRONG = `'xmarker0000z@example.com'`;

  it(
    verifies('E6.masks', 'conditions, joins, orders and errors tell nothing about them'),
    async () => {
      const open = await world.guard(OPEN);
      let differ = 0;
      for (const question of QUESTIONS) {
        const answers = async (with_: StatementGuard) => [
          await outcome(with_, question.replaceAll('@', RIGHT)),
          await outcome(with_, question.replaceAll('@', WRONG)),
        ];
        const [right, wrong] = await answers(guard);
        expect([question, right]).toEqual([question, wrong]);
        const [openRight, openWrong] = await answers(open);
        differ += JSON.stringify(openRight) === JSON.stringify(openWrong) ? 0 : 1;
      }
      // Without masks, the questions do tell something.
      expect(differ).toBeGreaterThan(12);
    },
  );

  async function outcome(with_: StatementGuard, sql: string): Promise<unknown> {
    const statement = with_.parse(sql, 0);
    try {
      return (await world.run(statement)).rows;
    } catch (error) {
      return error instanceof DatabaseError ? error.code : error;
    }
  }

  it(verifies('E6.masks', 'an estimate tells nothing about them'), async () => {
    const estimate = async (guess: string): Promise<unknown> => {
      const plan = await world.explain(
        guard.parse(`SELECT id FROM customers WHERE email = ${guess}`, 0),
        'FORMAT JSON',
      );
      return JSON.parse(plan)[0].Plan['Plan Rows'];
    };
    expect(await estimate(RIGHT)).toEqual(await estimate(WRONG));
  });

  it('of a relation that is read in many ways are masked each time, and other columns never', async () => {
    const sql = `SELECT a.id, a.name, b.email, c.phone FROM customers a
      JOIN customers b USING (id, name) JOIN (SELECT * FROM customers) c USING (id) WHERE id = 3`;
    const { isMasked, relations, text } = guard.parse(sql, 0);
    expect({ isMasked, relations }).toEqual({
      isMasked: true,
      relations: [{ schema: 'app', name: 'customers' }],
    });
    expect(text.match(/\[masked\]/g)).toHaveLength(3);
    expect(await rows(sql)).toEqual([['3', 'name 3', '[masked]', '****5313']]);
  });

  const rows = async (sql: string): Promise<Table['rows']> =>
    (await world.run(guard.parse(sql, 0))).rows;
});

describe('what has no meaning behind a mask', () => {
  it.each([
    ['SELECT id FROM customers TABLESAMPLE system (100)', 'cannot be sampled'],
    ['SELECT app.customers.id FROM app.customers', 'Name the relation with AS'],
    ['SELECT app.orders.id FROM app.orders, customers', 'Name the relation with AS'],
  ])('is refused with advice: %s', (sql, advice) => {
    expect(() => guard.parse(sql, 0)).toThrow(advice);
  });
});

describe('masks of many columns', () => {
  it(
    verifies('C10.statements', 'are refused before they are written out over and over'),
    async () => {
      const columns = Array.from({ length: 300 }, (_, at) => `c${String(at)}`);
      await world.database.admin(
        `CREATE TABLE app.wide (${columns.map((name) => `${name} int`).join(', ')});
         GRANT SELECT ON app.wide TO ${world.role}`,
      );
      const masks = columns.map(
        (column) => ({ schema: 'app', name: 'wide', column, how: 'hash' }) as const,
      );
      const wide = await world.guard({ ...OPEN, masks });
      await world.database.admin('DROP TABLE app.wide');
      const from = (count: number): string =>
        `SELECT 1 FROM ${Array.from({ length: count }, (_, at) => `wide w${String(at)}`).join(', ')}`;
      expect(wide.parse(from(2), 0).isMasked).toBe(true);
      for (const count of [4, 100])
        expect(() => wide.parse(from(count), 0)).toThrow(
          expect.objectContaining({ code: 'sql.too_complex', detail: 'masks' }),
        );
    },
  );
});

describe('what stands in a masked column', () => {
  const VALUES = [
    'somebody@mail.example.com',
    'a@b.c',
    '@only.example',
    'two@at@signs.example',
    'no domain@here either',
    'pin@1234',
    'nobody',
    '1234',
    '12345678',
    '4111 1111 1111 1234',
    '',
    'é'.repeat(4),
  ];

  async function shown(
    how: MaskKind,
    salt = 'one salt',
  ): Promise<ReadonlyMap<string, string | null>> {
    const { database } = world;
    await database.admin(`DROP TABLE IF EXISTS app.kinds; CREATE TABLE app.kinds (id int, value text);
      GRANT SELECT ON app.kinds TO ${world.role}`);
    await database.admin(
      `INSERT INTO app.kinds SELECT ordinality, value FROM unnest($1::text[]) WITH ORDINALITY AS v(value, ordinality)`,
      [[...VALUES, null, ...VALUES]],
    );
    const access: Access = {
      ...OPEN,
      masks: [{ schema: 'app', name: 'kinds', column: 'value', how }],
    };
    const statement = (await world.guard(access)).parse('SELECT value FROM kinds ORDER BY id', 0);
    const client = new Client({ connectionString: database.url(world.role) });
    await client.connect();
    try {
      if (salt !== '') await client.query('SELECT set_config($1, $2, false)', [SALT_SETTING, salt]);
      const { rows } = await client.query(statement.text);
      const [first, second] = [rows.slice(0, VALUES.length), rows.slice(VALUES.length + 1)];
      // Equal values look alike, and nothing looks like nothing.
      expect(second).toEqual(first);
      expect(rows[VALUES.length]).toEqual({ value: null });
      return new Map(VALUES.map((value, at) => [value, first[at]?.value ?? null]));
    } finally {
      await client.end();
    }
  }

  it(
    verifies('E6.masks', 'redact says that there is something, null does not even say that'),
    async () => {
      expect(new Set((await shown('redact')).values())).toEqual(new Set(['[masked]']));
      expect(new Set((await shown('null')).values())).toEqual(new Set([null]));
    },
  );

  it(
    verifies('E6.masks', 'last4 shows at most half of a value, and nothing of a short one'),
    async () => {
      const values = await shown('last4');
      expect(values.get('4111 1111 1111 1234')).toBe('****1234');
      expect(values.get('12345678')).toBe('****5678');
      for (const [value, text] of values) {
        if (value.length < 8) expect(text).toBe('****');
        expect(text?.length).toBeLessThanOrEqual(8);
      }
    },
  );

  it(
    verifies('E6.masks', 'domain shows the domain of an address, and nothing of what is none'),
    async () => {
      const values = await shown('domain');
      const found = Object.fromEntries([...values].filter(([, text]) => text !== '****'));
      expect(found).toEqual({
        'somebody@mail.example.com': '****@mail.example.com',
        'a@b.c': '****@b.c',
      });
    },
  );

  it(
    verifies('E6.masks', 'hash depends on a salt, so that guessing and hashing tells nothing'),
    async () => {
      const [one, again, two] = [
        await shown('hash'),
        await shown('hash'),
        await shown('hash', 'another'),
      ];
      expect(one).toEqual(again);
      expect(new Set(one.values()).size).toBe(VALUES.length);
      for (const [value, text] of one) {
        expect(text).toMatch(/^[0-9a-f]{32}$/);
        expect(two.get(value)).not.toBe(text);
      }
    },
  );

  it(verifies('E6.masks', 'hash shows nothing where a session has no salt'), async () => {
    await expect(shown('hash', '')).rejects.toThrow(SALT_SETTING);
    const { database } = world;
    const client = new Client({ connectionString: database.url(world.role) });
    await client.connect();
    // A setting that was there once is empty afterwards, and no error any more.
    await client.query(`BEGIN`);
    await client.query(`SELECT set_config($1, 'x', true)`, [SALT_SETTING]);
    await client.query(`ROLLBACK`);
    const { rows } = await client.query(guard.parse('SELECT ssn FROM customers', 0).text);
    await client.end();
    expect(rows).toHaveLength(20);
    expect(new Set(rows.map(({ ssn }) => ssn))).toEqual(new Set([null]));
  });

  it('nobody can read or write the salt', () => {
    for (const call of [
      `current_setting('${SALT_SETTING}')`,
      `set_config('${SALT_SETTING}', 'x', true)`,
    ])
      expect(() => guard.parse(`SELECT ${call}`, 0)).toThrow('function');
  });
});

describe('columns that look names up in the catalog', () => {
  it(verifies('C2.identifiers', 'look up nothing that a statement puts beside them'), async () => {
    await world.database.admin(
      `CREATE DOMAIN app.place AS regclass;
         CREATE TYPE app.both AS (id int, place regclass);
         CREATE TABLE app.places (id int, rc regclass, rt regtype[], dom app.place, two app.both);
         INSERT INTO app.places VALUES (1, 'app.orders', '{int4}', 'app.orders', (1, 'app.orders'));
         GRANT SELECT ON app.places TO ${world.role}`,
    );
    const [row] = await world.database.admin(`SELECT 'hidden.vault'::regclass::oid::text AS oid,
        'hidden.vault'::regtype::oid::text AS type`);
    const [oid, type] = [String(row?.['oid']), String(row?.['type'])];
    const open = await world.guard(OPEN);
    for (const sql of [
      `SELECT rc FROM places UNION SELECT '${oid}'`,
      `SELECT coalesce(nullif(rc, rc), '${oid}') FROM places`,
      `SELECT rt FROM places UNION SELECT '{${type}}'`,
      `SELECT rt || '{${type}}' FROM places`,
      `SELECT dom FROM places UNION SELECT '${oid}'`,
      `SELECT lag(dom, 1, '${oid}') OVER () FROM places`,
      `SELECT two FROM places UNION SELECT '(1,${oid})'`,
      `SELECT p FROM places p UNION SELECT '(1,${oid},{},${oid},"(1,${oid})")'`,
    ]) {
      let found;
      try {
        found = JSON.stringify((await world.run(open.parse(sql, 0))).rows);
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        found = error.message;
      }
      expect([sql, found]).toEqual([sql, expect.not.stringContaining('vault')]);
    }
    const { rows } = await world.run(open.parse('SELECT * FROM places', 0));
    expect(rows).toEqual([['1', 'app.orders', '{integer}', 'app.orders', '(1,app.orders)']]);
    await world.database.admin('DROP TABLE app.places; DROP TYPE app.both; DROP DOMAIN app.place');
  });
});
