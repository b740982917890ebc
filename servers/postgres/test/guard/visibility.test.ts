import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Catalog, createVisibility, type Relation } from '../../src/guard/index.ts';
import type { Access } from '../../src/policy.ts';
import { makeWorld, MASKED, OPEN, type World } from './world.ts';

const named = (schema: string, name: string) => ({ schema, name });

describe('what exists for a caller, on a real catalog', () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(async () => world.close());

  const names = async (access: Access): Promise<readonly string[]> => {
    const { relations } = await world.visibility(access);
    return relations
      .map(({ schema, name }) => (schema === 'app' ? name : `${schema}.${name}`))
      .toSorted();
  };
  const ALL = [
    'Odd "Name"',
    'customers',
    'events',
    'events_2023',
    'events_2024',
    'opaque',
    'orders',
    'over_customers',
    'over_orders',
    'over_partition',
    'over_plain',
    'over_view',
    'people',
    'staff',
    'stored_customers',
  ];

  it(
    verifies(
      'C3.relations',
      'no sequence, no foreign table, and no view over the server’s own catalog',
    ),
    async () => {
      expect(await names(OPEN)).toEqual(ALL);
    },
  );

  it(
    verifies(
      'C3.relations',
      'a relation of another schema is reached through a view that somebody made, and by no name',
    ),
    async () => {
      const visibility = await world.visibility(OPEN);
      expect(visibility.find('hidden', 'plain')).toBeUndefined();
      expect(visibility.find(undefined, 'plain')).toBeUndefined();
      expect(visibility.find('app', 'over_plain')?.kind).toBe('view');
    },
  );

  it(verifies('E5.relations', 'a denied relation takes its views and its kin along'), async () => {
    const deny = (...relations: string[]) =>
      names({ ...OPEN, deny: relations.map((name) => named('app', name)) });
    const without = (...gone: string[]) =>
      ALL.filter((name) => !['opaque', ...gone].includes(name));
    expect(await deny('customers')).toEqual(
      without('customers', 'over_customers', 'over_view', 'stored_customers'),
    );
    expect(await deny('events_2023')).toEqual(
      without('events', 'events_2023', 'events_2024', 'over_partition'),
    );
    expect(await deny('events')).toEqual(
      without('events', 'events_2023', 'events_2024', 'over_partition'),
    );
    expect(await deny('staff')).toEqual(without('staff', 'people'));
    expect(await names({ ...OPEN, deny: [named('hidden', 'plain')] })).toEqual(
      without('over_plain'),
    );
  });

  it(
    verifies('E6.masks', 'a mask spreads over partitions and parents, and closes views'),
    async () => {
      const visibility = await world.visibility(MASKED);
      const masked = (name: string) => [
        ...(visibility.find('app', name)?.masks.keys() ?? ['closed']),
      ];
      expect(masked('events')).toEqual(['token']);
      expect(masked('events_2023')).toEqual(['token']);
      expect(masked('staff')).toEqual(['secret']);
      expect(masked('customers')).toHaveLength(5);
      for (const view of [
        'over_customers',
        'over_view',
        'over_partition',
        'stored_customers',
        'opaque',
      ])
        expect([view, masked(view)]).toEqual([view, ['closed']]);
      expect(masked('over_orders')).toEqual([]);
    },
  );

  it(
    verifies(
      'E5.relations',
      'an operator who names a relation opens what it is made of, and nothing more',
    ),
    async () => {
      const only = ['over_customers', 'counter', 'far', 'over_statistics', 'orders'].map((name) =>
        named('app', name),
      );
      expect(await names({ ...MASKED, only })).toEqual([
        'counter',
        'far',
        'orders',
        'over_customers',
        'over_statistics',
      ]);
      // What is denied stays closed, whoever names it.
      expect(await names({ ...MASKED, only, deny: only.slice(0, 1) })).not.toContain(
        'over_customers',
      );
      expect(await names({ ...OPEN, only: [] })).toEqual([]);
      expect(await names({ ...OPEN, only: [named('hidden', 'vault')] })).toEqual([]);
    },
  );

  it(
    verifies('E5.relations', 'E6.masks', 'a view over what the server is made of stays closed'),
    async () => {
      const closed = {
        over_class: 'SELECT oid::int8, relname FROM pg_class',
        by_query: `SELECT query_to_xml('SELECT 1', true, true, '')`,
        by_rewrite: `SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')`,
        by_definition: 'SELECT pg_get_viewdef(id::oid) FROM app.orders',
        by_name: 'SELECT id::regclass::text AS name FROM app.orders',
      };
      const open = {
        by_plain_calls: `SELECT upper(note), max(amount::int8 || '') OVER (), rank() OVER (ORDER BY id),
          placed::timestamptz AT TIME ZONE 'UTC', extract(year FROM placed), note LIKE 'a%', now(), current_user,
          amount::numeric(9, 1), note::varchar(3), tags[1], coalesce(note, '')
          FROM app.orders WHERE current_setting('app.tenant', true) IS NULL AND id IN (1, 2)`,
      };
      const views = Object.entries({ ...closed, ...open });
      for (const [name, text] of views)
        await world.database.admin(`CREATE VIEW app.${name} AS ${text};
          GRANT SELECT ON app.${name} TO ${world.role}`);
      const found = await names({ ...OPEN, deny: [named('app', 'people')] });
      const unmasked = await names(OPEN);
      for (const [name] of views) await world.database.admin(`DROP VIEW app.${name}`);
      const shown = (list: readonly string[]) =>
        views.map(([name]) => name).filter((name) => list.includes(name));
      expect(shown(found)).toEqual(Object.keys(open));
      // Without anything hidden, functions open nothing; the catalog itself is never shown.
      expect(shown(unmasked)).not.toContain('over_class');
      expect(shown(unmasked)).toContain('by_query');
    },
  );

  it(verifies('E5.relations', 'nothing that the role may not read'), async () => {
    await world.database.admin(`REVOKE SELECT ON app.orders FROM ${world.role}`);
    expect(await names(OPEN)).not.toContain('orders');
    await world.database.admin(`GRANT SELECT (id) ON app.orders TO ${world.role}`);
    expect(await names(OPEN)).toContain('orders');
    await world.database.admin(`GRANT SELECT ON app.orders TO ${world.role}`);
  });

  it('an unqualified name is looked for in the order of the schemas', async () => {
    await world.database.admin(
      `CREATE TABLE hidden.orders (id int); GRANT SELECT ON hidden.orders TO ${world.role}`,
    );
    const found = async (...schemas: string[]) =>
      (await world.visibility({ ...OPEN, schemas })).find(undefined, 'orders')?.schema;
    expect(await found('app', 'hidden')).toBe('app');
    expect(await found('hidden', 'app')).toBe('hidden');
    expect(await found('elsewhere')).toBeUndefined();
    await world.database.admin('DROP TABLE hidden.orders');
  });
});

describe('what exists for a caller, where a catalog is odd', () => {
  let next = 20_000;
  const relation = (name: string, more: Partial<Relation> = {}): Relation => ({
    schema: 'app',
    name,
    oid: (next += 1),
    kind: 'table',
    readable: true,
    sources: [],
    kin: [],
    columns: [{ name: 'id', type: 'integer' }],
    ...more,
  });
  const catalog = (...relations: Relation[]): Catalog => ({
    relations,
    functions: [],
    types: [],
    attributes: [],
    extensionSchemas: [],
  });
  const visible = (access: Access, ...relations: Relation[]) =>
    createVisibility(access, catalog(...relations)).relations.map(({ name }) => name);

  it(verifies('C3.relations', 'a view over something unknown stays closed'), () => {
    const view = relation('v', { kind: 'view', sources: [1] });
    expect(visible(OPEN, view)).toEqual([]);
    expect(visible({ ...OPEN, only: [view] }, view)).toEqual(['v']);
  });

  it('views that read each other stay closed', () => {
    const a = relation('a', { kind: 'view', sources: [next + 2] });
    const b = relation('b', { kind: 'view', sources: [a.oid] });
    expect(visible(OPEN, a, b)).toEqual([]);
  });

  it(verifies('E6.masks', 'a relation with a mask and without columns stays closed'), () => {
    const access: Access = {
      ...OPEN,
      masks: [{ ...named('app', 't'), column: 'id', how: 'null' }],
    };
    expect(visible(access, relation('t', { columns: [] }))).toEqual([]);
  });

  it(
    verifies(
      'E6.masks',
      'kin is kin of kin, in whatever order the catalog lists it, and the strictest mask wins',
    ),
    () => {
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => relation(name));
      if (a === undefined || b === undefined || c === undefined || d === undefined)
        throw new Error();
      const family = [
        { ...a, kin: [b.oid] },
        { ...b, kin: [] },
        { ...d, kin: [c.oid] },
        { ...c, kin: [b.oid] },
      ];
      const access: Access = {
        ...OPEN,
        masks: [
          { ...named('app', 'a'), column: 'id', how: 'last4' },
          { ...named('app', 'd'), column: 'id', how: 'null' },
        ],
      };
      for (const order of [family, family.toReversed()]) {
        const { relations } = createVisibility(access, catalog(...order));
        expect(relations.map(({ masks }) => masks.get('id'))).toEqual([
          'null',
          'null',
          'null',
          'null',
        ]);
      }
    },
  );

  it(verifies('C3.relations', 'the server’s own schemas never exist, whoever names them'), () => {
    for (const schema of ['pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_3']) {
      const table = relation('t', { schema });
      expect(visible({ ...OPEN, schemas: [schema], only: [table] }, table)).toEqual([]);
    }
  });

  it('a foreign partition closes its parent, until both are named', () => {
    const far = relation('far', { kind: 'foreign table' });
    const parent = relation('parent', { kind: 'partitioned table', kin: [far.oid] });
    expect(visible(OPEN, far, parent)).toEqual([]);
    expect(visible({ ...OPEN, only: [parent] }, far, parent)).toEqual(['parent']);
    expect(visible({ ...OPEN, only: [parent, far] }, far, parent)).toEqual(['far', 'parent']);
  });
});
