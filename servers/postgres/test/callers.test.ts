import { connect, makeTemp, recordsOf, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { makeDatabase } from './postgres.ts';
import { makeShop } from './shop.ts';

const temp = makeTemp();
const shop = await makeShop(
  `
  CREATE ROLE "TENANT" NOLOGIN;
  ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY;
  CREATE POLICY by_setting ON app.customers USING (
    current_setting('app.tenant', true) IN ('', 'all') OR current_setting('app.tenant', true) IS NULL
    OR tenant = current_setting('app.tenant', true));
`
    .replaceAll('"TENANT"', '"unused_tenant"')
    .replace(/CREATE ROLE[^;]*;/, ''),
);
const other = await makeDatabase();
await other.admin('CREATE TABLE public.pages (id int PRIMARY KEY, title text)');
const otherRole = other.role('reader');
await other.admin(`CREATE ROLE "${otherRole}" LOGIN NOINHERIT PASSWORD '${otherRole}';
  GRANT SELECT ON public.pages TO "${otherRole}"; INSERT INTO public.pages VALUES (1, 'Welcome')`);

const clients: TestClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  temp.remove();
  await Promise.all([shop.database.drop(), other.drop()]);
});

let files = 0;
const write = (value: object): string =>
  temp.write(`file-${String((files += 1))}.json`, JSON.stringify(value));

async function start(...args: readonly string[]): Promise<TestClient> {
  const client = await connect('v2 modern', bundle(shop.url, '--schema', 'app', ...args));
  clients.push(client);
  return client;
}

/** A policy with one database for the local user. */
function policyFor(databases: readonly object[], more: object = {}): string {
  const entry = {
    match: { kind: 'local' },
    tools: ['*'],
    resources: ['*'],
    prompts: ['*'],
    postgres: { databases },
    ...more,
  };
  return write({ version: 1, principals: [entry] });
}

const COUNT = { sql: 'SELECT count(*), min(tenant), max(tenant) FROM app.customers' };

describe('row-level security', () => {
  test(verifies('E5.rows', 'a caller’s setting decides which rows there are'), async () => {
    const policy = policyFor([{ database: 'db', settings: { 'app.tenant': 'blue' } }]);
    const client = await start('--policy', policy);
    const { structured } = await client.call('query', COUNT);
    expect(structured['rows']).toEqual([['25', 'blue', 'blue']]);
    const browsed = await client.call('browse_rows', { table: 'app.customers', limit: 100 });
    expect(JSON.stringify(browsed.structured['rows'])).not.toContain('red');
  });

  test(verifies('E5.rows', 'what stands in a setting stays a value'), async () => {
    const hostile = "blue' OR true; SET app.tenant = 'all'; --";
    const policy = policyFor([{ database: 'db', settings: { 'app.tenant': hostile } }]);
    const client = await start('--policy', policy);
    expect((await client.call('query', COUNT)).structured['rows']).toEqual([['0', null, null]]);
  });

  test.each([
    "SELECT set_config('app.tenant', 'red', true), count(*) FROM app.customers",
    "WITH s AS MATERIALIZED (SELECT set_config('app.tenant', 'all', true)) SELECT count(*) FROM s, app.customers",
    "SET app.tenant = 'all'",
    'RESET app.tenant',
    "SELECT pg_catalog.set_config('app.tenant', '', false)",
  ])(verifies('E5.rows', 'no statement changes it: %s'), async (sql) => {
    const policy = policyFor([{ database: 'db', settings: { 'app.tenant': 'blue' } }]);
    const client = await start('--policy', policy);
    expect((await client.call('query', { sql })).isError).toBe(true);
    expect((await client.call('query', COUNT)).structured['rows']).toEqual([
      ['25', 'blue', 'blue'],
    ]);
  });

  test(verifies('E5.rows', 'a property that the caller does not have opens nothing'), async () => {
    const policy = policyFor([{ database: 'db', settings: { 'app.tenant': { from: 'subject' } } }]);
    const client = await start('--policy', policy);
    expect((await client.call('query', COUNT)).text).toMatch(/^database\.unknown: /);
  });
});

describe('a policy', () => {
  test(verifies('E5.relations', 'C3.relations', 'closes relations everywhere'), async () => {
    const policy = policyFor([{ database: 'db', deny: ['app.wages', 'app.orders'] }]);
    const client = await start('--policy', policy);
    const answers = [
      await client.call('query', { sql: 'SELECT * FROM app.wages' }),
      await client.call('query', { sql: 'SELECT * FROM app.missing' }),
      // A view over what is closed.
      await client.call('query', { sql: 'SELECT * FROM app.order_totals' }),
      await client.call('describe_object', { name: 'app.wages' }),
      await client.call('browse_rows', { table: 'app.wages' }),
      await client.call('explain', { sql: 'SELECT * FROM app.wages' }),
    ];
    const texts = new Set(answers.map(({ text }) => text.replace(/ At character \d+.*$/, '')));
    expect([...texts].map((text) => text.slice(0, 16))).toEqual(['relation.unknown']);
    expect((await client.call('search_objects')).text).not.toMatch(/wages|order/);
    const schema = await client.read('pg://db/schema');
    expect(JSON.stringify(schema)).not.toMatch(/wages|order/);
    await expect(client.read('pg://db/app/wages')).rejects.toMatchObject({ code: -32_602 });
    const offered = await client.complete('pg://{database}/{schema}/{table}', 'table', '', {
      database: 'db',
      schema: 'app',
    });
    expect(offered).toEqual(['customers']);
  });

  test(
    verifies('E6.masks', 'E5.relations', 'masks more than the operator does, never less'),
    async () => {
      const masks = [{ column: 'app.customers.email', how: 'last4' }];
      const policy = policyFor([{ database: 'db', masks }]);
      const client = await start('--policy', policy, '--mask', 'app.customers.email=redact');
      const { text } = await client.call('query', {
        sql: 'SELECT email FROM app.customers WHERE id = 7',
      });
      expect(text).toContain('[masked]');
      expect(text).not.toContain('.com');
    },
  );

  test(
    verifies('E6.masks', 'E5.relations', 'the operator’s word for a view does not outdo its masks'),
    async () => {
      const only = ['app.order_totals', 'app.customers', 'app.orders'];
      const options = only.flatMap((name) => ['--only', name]);
      const policy = policyFor([{ database: 'db', deny: ['app.orders'] }]);
      const open = await start(...options);
      const view = { sql: 'SELECT count(*) FROM app.order_totals' };
      expect((await open.call('query', view)).isError).toBe(false);
      const client = await start(...options, '--policy', policy);
      expect((await client.call('query', view)).text).toMatch(/^relation\.unknown: /);
    },
  );

  test(
    verifies('E6.masks', 'a column that is computed from a masked one is masked, too'),
    async () => {
      await shop.database.admin(
        `ALTER TABLE app.customers ADD shouted text GENERATED ALWAYS AS (upper(email)) STORED`,
      );
      const client = await start('--mask', 'app.customers.email=null');
      const { structured } = await client.call('query', {
        sql: 'SELECT shouted, email FROM app.customers WHERE id = 7',
      });
      expect(structured['rows']).toEqual([['[masked]', null]]);
      await shop.database.admin('ALTER TABLE app.customers DROP shouted');
    },
  );

  // Before PostgreSQL 16 a child computes as its parent does.
  test.skipIf(shop.database.version < 160_000)(
    verifies('E6.masks', 'a parent masks what one of its children computes from a masked column'),
    async () => {
      await shop.database.admin(
        `CREATE TABLE app.parents (id int, name text, email text, slug text GENERATED ALWAYS AS (lower(name)) STORED);
         CREATE TABLE app.children (slug text GENERATED ALWAYS AS (lower(email)) STORED) INHERITS (app.parents);
         INSERT INTO app.children VALUES (1, 'Ann', 'MARKER');
         GRANT SELECT ON app.parents TO ${shop.role}`,
      );
      const client = await start('--mask', 'app.parents.email=redact');
      const { structured } = await client.call('query', {
        sql: 'SELECT name, slug, email FROM app.parents',
      });
      await shop.database.admin('DROP TABLE app.parents, app.children');
      expect(structured['rows']).toEqual([['Ann', '[masked]', '[masked]']]);
    },
  );

  test(
    verifies('E5.relations', 'C7.policy', 'a database that it does not grant does not exist'),
    async () => {
      const client = await start('--policy', policyFor([{ database: 'elsewhere' }]));
      for (const [name, args] of [
        ['query', { sql: 'SELECT 1' }],
        ['query', { sql: 'SELECT 1', database: 'db' }],
        ['query', { sql: 'SELECT 1', database: 'nowhere' }],
      ] as const)
        expect((await client.call(name, args)).text).toMatch(/^database\.unknown: /);
      expect(await client.listResources()).toEqual([]);
    },
  );
});

describe('several databases', () => {
  const databases = [
    { name: 'shop', urlVariable: 'SHOP_URL', schema: ['app'], deny: ['app.wages'] },
    { name: 'wiki', urlVariable: 'WIKI_URL', description: 'Pages.' },
  ];
  const queries = [
    {
      name: 'customer_orders',
      title: 'Orders of a customer',
      description: 'Counts the orders of one customer.',
      database: 'shop',
      statement: 'SELECT count(*) AS orders FROM app.orders WHERE customer_id = $1',
      parameters: [{ name: 'customer', type: 'integer' }],
    },
    {
      name: 'pages_by_title',
      title: 'Pages by title',
      description: 'Finds pages.',
      database: 'wiki',
      statement: 'SELECT id FROM public.pages WHERE title = $1',
      parameters: [{ name: 'title', type: 'text', values: ['Welcome', 'Imprint'] }],
    },
  ];

  async function startBoth(...args: readonly string[]): Promise<TestClient> {
    const command = bundle(undefined, '--config', write({ databases, queries }), ...args);
    const env = { SHOP_URL: shop.url, WIKI_URL: other.url(otherRole) };
    const client = await connect('v2 modern', { ...command, env });
    clients.push(client);
    return client;
  }

  test('are chosen by name, and each has its own rights', async () => {
    const client = await startBoth();
    const first = await client.call('query', { sql: 'SELECT count(*) FROM orders' });
    expect(first.structured['rows']).toEqual([['200']]);
    const wiki = { sql: 'SELECT title FROM pages', database: 'wiki' };
    expect((await client.call('query', wiki)).text).toContain('Welcome');
    expect((await client.call('query', { ...wiki, database: 'shop' })).text).toMatch(
      /^relation\.unknown: /,
    );
    const resources = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining(['pg://shop/schema', 'pg://wiki/schema']),
    );
  });

  test(verifies('C2.parameters', 'a named query takes values, and nothing else'), async () => {
    const client = await startBoth('--sql', 'off');
    const names = (await client.listTools()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['customer_orders', 'pages_by_title']));
    expect(names).not.toContain('query');
    expect(names).not.toContain('explain');
    expect((await client.call('query', { sql: 'SELECT 1' })).text).toMatch(/^tool\.unknown: /);
    const { structured } = await client.call('customer_orders', { customer: 7 });
    expect(structured['rows']).toEqual([['4']]);
    const hostile = await client.call('customer_orders', { customer: '7 OR true' });
    expect(hostile.text).toMatch(/^input\.invalid: /);
    expect((await client.call('pages_by_title', { title: "' OR true --" })).text).toMatch(
      /^input\.invalid: /,
    );
    expect((await client.call('pages_by_title', { title: 'Welcome' })).structured['rows']).toEqual([
      [1],
    ]);
  });

  test(
    verifies('C9.complete', 'C9.no-values', 'the trail names relations, and holds no value'),
    async () => {
      const client = await startBoth();
      await client.call('query', {
        sql: "SELECT name FROM app.customers WHERE email = 'person7@example.com'",
      });
      await client.close();
      clients.pop();
      const record = recordsOf(client).find(({ type }) => type === 'tool.call');
      expect(JSON.stringify(record?.['targets'])).toContain('shop.app.customers');
      expect(client.stderr()).not.toContain('person7');
    },
  );
});
