import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Answer, connect, recordsOf, type TestClient } from '@secure-mcp/testkit';

import type { Stage } from './stage.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const POSTGRES_SERVER = join(REPOSITORY, 'servers/postgres/dist/main.cjs');
const OPTIONS = [
  '--demo',
  '--schema',
  'app',
  '--mask',
  'app.customers.email=domain',
  '--mask',
  'app.customers.phone=last4',
  '--deny',
  'app.reviews',
  '--statement-timeout-ms',
  '2000',
  // The first call also waits for the database to be made, which a busy machine takes its time for.
  '--deadline-ms',
  '120000',
];
/** The domain of every customer's address is shown; what stands before it is not. */
const ADDRESS = /[a-z]+\.[a-z]+\d+@example\.com/;

/** The Postgres act: a client asks a real database, then somebody attacks it. */
export async function playPostgres(stage: Stage): Promise<void> {
  stage.act('postgres');
  const client = await connect('v2 modern', {
    command: process.execPath,
    args: [POSTGRES_SERVER, ...OPTIONS],
  });
  try {
    stage.note('a real PostgreSQL of its own, with a sample shop and a role that can only read it');
    stage.note(`started with: ${OPTIONS.join(' ')}`);
    await playUse(stage, client);
    await playStatements(stage, client);
    await playMasks(stage, client);
    await playAfter(stage, client);
  } finally {
    await client.close();
  }
}

async function playUse(stage: Stage, client: TestClient): Promise<void> {
  const call = async (name: string, args: object, fits: (answer: Answer) => boolean) => {
    const answer = await client.call(name, args);
    stage.shows(`${name} ${JSON.stringify(args)}`, answer.text, !answer.isError && fits(answer));
    return answer;
  };

  stage.scene('A model asks');
  const tools = await client.listTools();
  stage.shows('tools/list', tools.map(({ name }) => String(name)).join(', '), tools.length === 10);
  await call('search_objects', { pattern: 'order' }, ({ text }) => text.includes('order_totals'));
  await call('describe_object', { name: 'app.orders' }, ({ text }) => text.includes('customer_id'));
  await call(
    'query',
    {
      sql: 'SELECT country, count(*) AS customers FROM app.customers GROUP BY country ORDER BY 2 DESC',
    },
    ({ text }) => text.includes('DE'),
  );
  const page = await call(
    'query',
    {
      sql: 'SELECT id, name, price FROM app.products WHERE price > $1 ORDER BY id',
      params: [50],
      limit: 3,
    },
    ({ structured }) => typeof structured['next_cursor'] === 'string',
  );
  await call(
    'query',
    {
      sql: 'SELECT id, name, price FROM app.products WHERE price > $1 ORDER BY id',
      params: [50],
      limit: 3,
      cursor: page.structured['next_cursor'],
    },
    ({ isError }) => !isError,
  );
  await call(
    'browse_rows',
    {
      table: 'app.products',
      filters: [{ column: 'category', op: '=', values: ['Lamp'] }],
      limit: 3,
    },
    ({ text }) => text.includes('lamp'),
  );
  await call('explain', { sql: 'SELECT * FROM app.orders WHERE customer_id = 7' }, ({ text }) =>
    text.includes('orders'),
  );
  await call('security_posture', {}, ({ isError }) => !isError);
  const found = await client.complete('pg://{database}/{schema}/{table}', 'table', 'ord', {
    database: 'db',
    schema: 'app',
  });
  stage.shows('completion: ord…', found.join(), found.includes('orders'));
}

/** A statement that has to be refused with one code. */
interface Hostile {
  readonly control: string;
  readonly attack: string;
  readonly sql: string;
  readonly code: string;
}

const HOSTILE: readonly Hostile[] = [
  {
    control: 'C2',
    attack: 'a second statement behind the first',
    sql: 'SELECT 1; DROP TABLE app.orders',
    code: 'sql.not_one_statement',
  },
  {
    control: 'C2',
    attack: "a second statement that a scanner takes for text: E'\\''",
    sql: "SELECT E'a\\'' ; DROP TABLE app.orders; --'",
    code: 'sql.not_one_statement',
  },
  {
    control: 'C2',
    attack: 'COMMIT, to leave the read-only transaction',
    sql: 'COMMIT',
    code: 'sql.not_a_query',
  },
  {
    control: 'C6',
    attack: 'a change that hides in WITH',
    sql: 'WITH gone AS (DELETE FROM app.orders RETURNING *) SELECT count(*) FROM gone',
    code: 'sql.not_a_query',
  },
  {
    control: 'C2',
    attack: 'a file of the host',
    sql: "SELECT pg_read_file('/etc/passwd')",
    code: 'sql.function',
  },
  {
    control: 'C2',
    attack: 'a function that runs SQL from a text',
    sql: "SELECT query_to_xml('SELECT 1', true, true, '')",
    code: 'sql.function',
  },
  {
    control: 'C6',
    attack: 'a setting that would outlive the call',
    sql: "SELECT set_config('statement_timeout', '0', false)",
    code: 'sql.function',
  },
  {
    control: 'E5',
    attack: 'the catalog, where statistics hold values',
    sql: 'SELECT most_common_vals FROM pg_stats',
    code: 'relation.unknown',
  },
  {
    control: 'E5',
    attack: 'a table that the operator closed',
    sql: 'SELECT * FROM app.reviews',
    code: 'relation.unknown',
  },
];

async function playStatements(stage: Stage, client: TestClient): Promise<void> {
  stage.scene('Somebody else writes the SQL');
  for (const { control, attack, sql, code } of HOSTILE) {
    const { isError, text } = await client.call('query', { sql });
    stage.meets(control, attack, text, isError && text.startsWith(code));
  }
  const bomb = 'SELECT count(*) FROM app.order_lines a, app.order_lines b, app.order_lines c';
  const { isError, text } = await client.call('query', { sql: bomb });
  stage.meets('E13', 'a join of everything with everything', text, isError);
  const { text: again } = await client.call('query', { sql: 'SELECT count(*) FROM app.orders' });
  stage.meets('C6', 'are all orders still there?', again, again.includes('5000'));
}

/** Ways to ask for what a mask hides. */
const AROUND: readonly (readonly [attack: string, sql: string])[] = [
  ['as it is', 'SELECT email, phone FROM app.customers ORDER BY id LIMIT 3'],
  ['as a whole row', 'SELECT row_to_json(c) FROM app.customers c ORDER BY c.id LIMIT 3'],
  ['by a cast whose error tells', 'SELECT email::int FROM app.customers'],
  [
    'by asking letter by letter',
    "SELECT count(*) FROM app.customers WHERE email LIKE 'ada.archer%'",
  ],
];

async function playMasks(stage: Stage, client: TestClient): Promise<void> {
  stage.scene('Somebody wants the addresses of the customers');
  for (const [attack, sql] of AROUND) {
    const { text, structured } = await client.call('query', { sql });
    const told = `${text}${JSON.stringify(structured)}`;
    const counts = /LIKE/.test(sql) ? JSON.stringify(structured['rows']) : '[["0"]]';
    stage.meets('E6', attack, text, !ADDRESS.test(told) && counts === '[["0"]]');
  }
}

async function playAfter(stage: Stage, client: TestClient): Promise<void> {
  stage.scene('The trail');
  const records = recordsOf(client).filter(({ type }) => type === 'tool.call');
  const refused = records.filter(({ outcome }) => outcome === 'deny').length;
  const trail = client.stderr();
  stage.meets(
    'C9',
    'every call left a record, and none holds a value',
    `${String(records.length)} records, ${String(refused)} refusals`,
    records.length > 20 && refused >= HOSTILE.length && !/ada\.archer|passwd/.test(trail),
  );
}
