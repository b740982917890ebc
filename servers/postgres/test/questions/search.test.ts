import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  bindSearch,
  type FoundObject,
  type Search,
  searchObjects,
} from '../../src/adapter/questions/search.ts';
import { type Asker, connectAsker } from './ask.ts';
import { HOSTILE_COMMENT, makeWorld, SCHEMAS, WEIRD_TABLE, type World } from './world.ts';

let world: World;
let asker: Asker;
beforeAll(async () => {
  world = await makeWorld();
  asker = await connectAsker(world.database, world.reader);
});
afterAll(async () => {
  await asker?.close();
  await world?.database.drop();
});

function search(wanted: Partial<Search>): Promise<readonly FoundObject[]> {
  const all: Search = {
    pattern: undefined,
    kinds: [],
    schema: undefined,
    detail: 'names',
    skip: 0,
    limit: 1000,
    functions: true,
    ...wanted,
  };
  return asker.ask(searchObjects, bindSearch(world.shown, all));
}

async function namesOf(wanted: Partial<Search>): Promise<readonly string[]> {
  return (await search(wanted)).map(({ name }) => name);
}

test('finds relations of every kind, and functions that can be called', async () => {
  const found = await search({});
  expect(found.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    `table ${WEIRD_TABLE}`,
    'function add',
    'table animals',
    'table documents',
    'view documents_of',
    'table dogs',
    'table heir',
    'table large',
    'table lines',
    'sequence nearly',
    'materialized view order_totals',
    'partitioned table orders',
    'table people',
    'view people_called',
    'view people_hidden',
    'view people_names',
    'view people_plans',
    'partitioned table sifted',
    'partitioned table sorted',
  ]);
});

test('by pattern, kind and schema', async () => {
  expect(await namesOf({ pattern: '%ORDER%' })).toEqual(['order_totals', 'orders']);
  expect(await namesOf({ pattern: 'a\\_%' })).toEqual([]);
  expect(await namesOf({ kinds: ['view'], pattern: 'd%' })).toEqual(['documents_of']);
  expect(await namesOf({ kinds: ['table'], pattern: 'orders' })).toEqual(['orders']);
  expect(await namesOf({ schema: SCHEMAS[1] })).toEqual([WEIRD_TABLE]);
  expect(await namesOf({ schema: "app' OR true --" })).toEqual([]);
  expect(await namesOf({ pattern: "%' OR true --" })).toEqual([]);
});

test('partitions stand behind their table, unless that is hidden', async () => {
  const [orders] = await search({ pattern: 'orders%', detail: 'summary' });
  expect(orders).toMatchObject({ name: 'orders', partitions: 4, rows: 300 });
  expect(orders?.bytes).toBeGreaterThan(8192);
  const relations = world.shown.relations.filter((oid) => oid !== world.oid('app', 'orders'));
  const found = await asker.ask(
    searchObjects,
    bindSearch(
      { ...world.shown, relations },
      {
        pattern: 'orders%',
        kinds: [],
        schema: undefined,
        detail: 'names',
        skip: 0,
        limit: 10,
        functions: false,
      },
    ),
  );
  expect(found.map(({ name }) => name)).toEqual(['orders_2025', 'orders_2026']);
});

test('with comments, estimates, columns and signatures', async () => {
  const [people] = await search({ pattern: 'people', detail: 'full', kinds: ['table'] });
  expect(people).toMatchObject({ comment: HOSTILE_COMMENT, rows: 50 });
  expect(people?.columns?.slice(0, 2)).toEqual([
    { name: 'id', type: 'bigint' },
    { name: 'number', type: 'integer' },
  ]);
  const [add] = await search({ pattern: 'add', detail: 'summary' });
  // The default of an argument is left out.
  expect(add).toMatchObject({
    arguments: 'a integer, b integer',
    type: 'integer',
    comment: 'Adds.',
  });
});

test('where rows are hidden by a policy, they are not counted', async () => {
  const [documents] = await search({ pattern: 'documents', kinds: ['table'], detail: 'summary' });
  expect(documents).toMatchObject({ rows: null, bytes: null });
});

test('columns, when they are asked for', async () => {
  const found = await search({ kinds: ['column'], pattern: 'e%', detail: 'summary' });
  expect(found).toMatchObject([{ name: 'people', column: 'email', type: 'text', masked: true }]);
  expect(await search({ kinds: ['column'], pattern: 'name' })).toHaveLength(4);
});

test('no functions where only listed relations exist', async () => {
  expect(await namesOf({ kinds: ['function'] })).toEqual(['add']);
  expect(await namesOf({ kinds: ['function'], functions: false })).toEqual([]);
});

test('in pages that fit together', async () => {
  const all = await namesOf({});
  const pages = [];
  for (let skip = 0; skip < all.length; skip += 4) pages.push(await namesOf({ skip, limit: 4 }));
  // Each page has one more than it shows.
  expect(pages.flatMap((page) => page.slice(0, 4))).toEqual(all);
  expect(pages[0]).toHaveLength(5);
});
