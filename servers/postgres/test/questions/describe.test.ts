import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  bindDescribe,
  describeRelation,
  type Description,
} from '../../src/adapter/questions/describe.ts';
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

async function about(name: string, schema = 'app'): Promise<Description> {
  const [row] = await asker.ask(
    describeRelation,
    bindDescribe(world.shown, world.oid(schema, name)),
  );
  if (row === undefined) throw new Error(`${name} is not visible`);
  return row;
}

test('columns: types, defaults, identity, generation, comments', async () => {
  const { columns, comment, rows, bytes, rls } = await about('people');
  const column = (name: string) => columns.find((each) => each.name === name);
  expect(comment).toBe(HOSTILE_COMMENT);
  expect(rows).toBe(50);
  expect(bytes).toBeGreaterThan(8192);
  expect(rls).toEqual({ enabled: false, forced: false, applies: false });
  expect(column('id')).toMatchObject({ type: 'bigint', nullable: false, identity: 'always' });
  expect(column('name')).toMatchObject({
    default: "'nobody'::text",
    comment: 'As it is written.',
  });
  // Its sequence is nobody's grant, but it belongs to the column.
  expect(column('number')?.default).toContain('people_number_seq');
  expect(column('upper_name')).toMatchObject({ generated: 'stored', default: 'upper(name)' });
  expect(column('mood')).toMatchObject({ type: 'app.mood', default: "'calm'::app.mood" });
  expect(column('tags')?.type).toBe('text[]');
  expect(column('postcode')?.type).toBe('app.postcode');
});

test('keys: primary, unique, checks, foreign keys both ways', async () => {
  const people = await about('people');
  expect(people.constraints.map(({ kind, name }) => [kind, name])).toEqual([
    ['primary key', 'people_pkey'],
    ['unique', 'people_email_key'],
    ['check', 'people_called'],
    ['check', 'people_named'],
    ['check', 'people_plan_check'],
  ]);
  expect(people.referenced_by).toEqual([
    {
      schema: 'app',
      name: 'orders',
      constraint: 'orders_person_fkey',
      from: ['person'],
      to: ['id'],
    },
  ]);
  const { constraints } = await about('orders');
  expect(constraints.filter(({ kind }) => kind === 'foreign key')).toMatchObject([
    { references: { schema: 'app', name: 'people', columns: ['id'] }, on_delete: 'cascade' },
  ]);
  expect((await about('lines')).constraints).toMatchObject([
    { kind: 'primary key', columns: ['id'] },
    { columns: ['order_id', 'placed'], references: { columns: ['id', 'placed'] } },
  ]);
});

test('indexes: keys, conditions, validity, scans', async () => {
  const { indexes } = await about('people');
  const index = (name: string) => indexes.find((each) => each.name === name);
  expect(index('people_pkey')).toMatchObject({ primary: true, unique: true, keys: ['id'] });
  expect(index('people_name')?.keys).toEqual(['name', 'lower(postcode::text)']);
  expect(index('people_young')).toMatchObject({
    method: 'brin',
    predicate: "(born > '2000-01-01'::date)",
  });
  expect(index('people_partial')).toMatchObject({ partial: true, predicate: null });
  const { indexes: others } = await about('large');
  expect(others.map(({ name, valid }) => [name, valid])).toEqual([
    ['large_broken', false],
    ['large_note', true],
  ]);
});

test('partitions: key, bounds, sizes of all of them', async () => {
  const orders = await about('orders');
  expect(orders.partition_key).toBe('RANGE (placed)');
  expect(orders.partition_count).toBe(3);
  expect(orders.rows).toBe(300);
  expect(orders.children).toEqual([
    {
      schema: 'app',
      name: 'orders_2025',
      bound: "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    },
    {
      schema: 'app',
      name: 'orders_2026',
      bound: "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    },
  ]);
  expect((await about('orders_2026')).parents).toEqual([{ schema: 'app', name: 'orders' }]);
});

test('inheritance: parents and children', async () => {
  expect((await about('animals')).children).toMatchObject([{ name: 'dogs' }]);
  expect((await about('dogs')).parents).toEqual([{ schema: 'app', name: 'animals' }]);
});

test('policies: what they say, whether they are for the one that asks, and no counts', async () => {
  const { rls, policies, rows, bytes, indexes } = await about('documents');
  expect(rls).toEqual({ enabled: true, forced: false, applies: true });
  expect(policies.map(({ name, applies, using }) => [name, applies, using])).toEqual([
    ['members', true, null],
    ['own', true, '(tenant = CURRENT_USER)'],
    ['watchers', false, 'true'],
  ]);
  expect([rows, bytes, indexes[0]?.bytes]).toEqual([null, null, null]);
});

test('views, materialized views and sequences', async () => {
  expect((await about('people_names')).definition).toContain('FROM app.people');
  expect((await about('order_totals')).definition).toContain('FROM app.orders');
  expect((await about('nearly')).definition).toMatch(/^smallint START 1 .* INCREMENT 1$/);
});

test('names that have to be quoted', async () => {
  const { columns, constraints } = await about(WEIRD_TABLE, SCHEMAS[1]);
  expect(columns.map(({ name }) => name)).toEqual(['id', 'Column | one']);
  expect(constraints[0]?.columns).toEqual(['id']);
});

test('a relation that went away is not described', async () => {
  expect(
    await asker.ask(
      describeRelation,
      bindDescribe({ ...world.shown, relations: [4_294_967_295] }, 4_294_967_295),
    ),
  ).toEqual([]);
});
