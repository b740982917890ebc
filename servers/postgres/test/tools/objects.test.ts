import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { parseUri, uriOf } from '../../src/guard/uri.ts';
import { describeObject } from '../../src/tools/describe-object.ts';
import { resources } from '../../src/tools/resources.ts';
import { likePattern, searchObjects } from '../../src/tools/search-objects.ts';
import { HOSTILE_COMMENT, makeWorld, type World } from '../questions/world.ts';
import { ACCESS, type Caller, type Facts, listOf, makeCaller } from './caller.ts';

let world: World;
let caller: Caller;
beforeAll(async () => {
  world = await makeWorld();
  caller = makeCaller(world.database, { role: world.reader });
});
afterAll(async () => {
  await caller?.close();
  await world?.database.drop();
});

async function found(args: object): Promise<readonly Facts[]> {
  return listOf(await caller.call(searchObjects, args), 'objects');
}

test(
  verifies('E9.names', 'every name that is found can be described, whatever it needs'),
  async () => {
    const objects = await found({ kinds: ['table', 'view', 'materialized view'] });
    expect(objects.length).toBeGreaterThan(8);
    for (const { name } of objects) {
      expect(name).not.toMatch(/[\n\r]/);
      const { output } = await caller.call(describeObject, { name });
      expect(output['name']).toBe(name);
    }
  },
);

test('a search by a part of a name, by wildcards, by kind, in pages', async () => {
  const names = async (args: object) => (await found(args)).map(({ name }) => name);
  expect(await names({ pattern: 'DER' })).toEqual(['app.order_totals', 'app.orders']);
  expect(await names({ pattern: 'o*s' })).toEqual(['app.order_totals', 'app.orders']);
  expect(await names({ pattern: 'order?' })).toEqual(['app.orders']);
  expect(await names({ pattern: 'order_' })).toEqual(['app.order_totals']);
  expect(await names({ kinds: ['function'] })).toEqual(['app.add(a integer, b integer)']);
  expect(await names({ kinds: ['column'], pattern: 'email' })).toEqual([
    'app.people.email',
    'app.people.shout_email',
  ]);
  const first = await caller.call(searchObjects, { limit: 3 });
  const cursor = first.output['next_cursor'];
  const more = await caller.call(searchObjects, { limit: 100, cursor });
  expect([...listOf(first, 'objects'), ...listOf(more, 'objects')]).toEqual(await found({}));
});

test('where only listed relations exist, functions do not', async () => {
  const narrow = makeCaller(world.database, {
    role: world.reader,
    access: { ...ACCESS, only: [{ schema: 'app', name: 'people' }] },
  });
  try {
    const objects = listOf(await narrow.call(searchObjects), 'objects');
    expect(objects.map(({ name }) => name)).toEqual(['app.people']);
  } finally {
    await narrow.close();
  }
});

test.each([
  ['plain', '%plain%'],
  ['a*b?', 'a%b_'],
  ['50%_\\', '%50\\%\\_\\\\%'],
])('the pattern %s', (pattern, like) => {
  expect(likePattern(pattern)).toBe(like);
});

test(
  verifies('E9.marked', 'a comment is data: it stands where data stands, on one line'),
  async () => {
    const { output, text } = await caller.call(describeObject, { name: 'app.people' });
    expect(Object(output['more']).comment).toBe(HOSTILE_COMMENT);
    const [summary, data] = text.split('\n');
    expect(summary).not.toContain('IGNORE');
    expect(String(JSON.parse(data ?? '')).split('\n')[0]).toMatch(/^app\.people .*IGNORE/);
  },
);

test(verifies('E7.bytes', 'what is too long or too many is cut, and says so'), async () => {
  await world.database.admin(
    `CREATE TABLE app.wide (id int) PARTITION BY LIST (id);
     DO $$ BEGIN FOR n IN 1..230 LOOP
       EXECUTE format('CREATE TABLE app.wide_%1$s PARTITION OF app.wide FOR VALUES IN (%1$s)', n);
     END LOOP; END $$;
     GRANT SELECT ON ALL TABLES IN SCHEMA app TO "${world.watcher}";
     DO $$ BEGIN EXECUTE format('COMMENT ON TABLE app.wide IS %L', repeat('long ', 2000)); END $$`,
  );
  const watcher = makeCaller(world.database, { role: world.watcher });
  try {
    const { output } = await watcher.call(describeObject, { name: 'app.wide' });
    const more = Object(output['more']);
    expect(more).toMatchObject({ partition_count: 230, cut: ['children'] });
    expect(more.children).toHaveLength(200);
    expect(more.comment).toMatch(/ … \(cut\)$/);
    const [wide] = listOf(await watcher.call(searchObjects, { pattern: 'wide' }), 'objects');
    expect(wide).toMatchObject({
      name: 'app.wide',
      partitions: 230,
      comment: expect.stringMatching(/cut\)$/),
    });
  } finally {
    await watcher.close();
  }
});

describe('resources', () => {
  async function read(uri: string): Promise<string> {
    const resource = resources.find(({ matches }) => matches?.(uri) === true);
    if (resource === undefined) return 'no resource';
    const [content] = await resource.read(uri, caller.context);
    return content !== undefined && 'label' in content ? content.label : '';
  }

  test('the schema: one line for each relation', async () => {
    const lines = (await read('pg://shop/schema')).split('\n');
    expect(lines).toContain(
      'partitioned table app.orders (id bigint key, person bigint, denied integer, hidden integer, placed date key, total numeric(10,2)) -> app.people (person)',
    );
    expect(lines.some((line) => line.includes('email text masked'))).toBe(true);
    expect(lines.filter((line) => line.includes('orders_2025'))).toEqual([]);
  });

  test(
    verifies('E9.visible', 'a table: what describe_object says, as JSON that is JSON'),
    async () => {
      const described = JSON.parse(await read('pg://shop/app/people'));
      expect(described).toMatchObject({ name: 'app.people', kind: 'table' });
      expect(described.more.comment).toBe(HOSTILE_COMMENT.replace('\u202E', '\\u{202E}'));
      expect(await read('pg://shop/app/people')).not.toContain('\u202E');
    },
  );

  test('the posture', async () => {
    expect(JSON.parse(await read('pg://shop/posture'))).toMatchObject({
      grade: expect.stringMatching(/^[A-F]$/),
    });
  });

  test('a name that needs all escapes there are', async () => {
    const [table] = await found({ pattern: 'a.b' });
    const uri = uriOf('shop', 'Weird "schema".x', 'a.b "c"\nd');
    expect(uri).toMatch(/^[\x21-\x7e]+$/);
    expect(JSON.parse(await read(uri)).name).toBe(table?.['name']);
  });

  test('the list: what stands at the top of each database', async () => {
    const lists = await Promise.all(resources.map(async ({ list }) => list(caller.context)));
    expect(lists.flat().map(({ uri }) => uri)).toEqual(['pg://shop/schema', 'pg://shop/posture']);
  });

  test('completions: databases, schemas, tables of a schema', async () => {
    const table = resources[1];
    const complete = (variable: string, value: string, schema = 'app') =>
      table.complete(variable, value, { database: 'shop', schema }, caller.context);
    expect(await complete('database', 's')).toEqual(['shop']);
    expect(await complete('schema', '')).toEqual(['Weird "schema".x', 'app']);
    expect(await complete('table', 'order')).toEqual([
      'order_totals',
      'orders',
      'orders_2025',
      'orders_2026',
      'orders_2026_1',
    ]);
    expect(await complete('table', '', 'Weird "schema".x')).toEqual(['a.b "c"\\u{A}d']);
    expect(await complete('table', '', 'pg_catalog')).toEqual([]);
  });

  test.each([
    'pg://shop/app/nothing',
    'pg://shop/pg_catalog/pg_authid',
    'pg://shop/app/people/1',
    'pg://shop/app/',
    'pg://shop//people',
    'pg://shop/app/people?x=1',
    'pg://shop/app/people#x',
    'pg://user@shop/app/people',
    'pg://shop:5432/app/people',
    'pg://shop/app/%00',
    'pg://shop/app/%',
    'pg://shop/app/%ff',
    'pg://shop/app/%252e',
    'pg://shop/app/peo%5Cu%7B0%7Dple',
    'pg://shop/app/../app/people',
    'pg://shop/app/people;drop',
    'pg://shop/app/people"--',
    `pg://shop/app/${'a'.repeat(2000)}`,
    'pg://shop/app/people\n',
    'PG://shop/app/people',
    'http://shop/schema',
    'pg:shop/schema',
    'pg://shop/schema/',
    'pg://shop',
    '',
  ])(verifies('C3.uris', 'C3.relations', '%s leads nowhere'), async (uri) => {
    const said = await read(uri).catch((error: unknown) => Object(error).code);
    expect(['relation.unknown', 'no resource']).toContain(said);
  });
});

test(verifies('C3.uris', 'a URI that is written can be read, whatever its names are'), () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !text.includes('\0') && text.isWellFormed() && !/\\u\{/.test(text));
  fc.assert(
    fc.property(name, name, (schema, table) => {
      expect(parseUri(uriOf('shop', schema, table))).toEqual({
        kind: 'table',
        database: 'shop',
        schema,
        table,
      });
    }),
  );
});
