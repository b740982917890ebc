import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CatalogScope, Database } from '../../src/adapter/index.ts';
import type { Catalog, Relation } from '../../src/guard/catalog.ts';
import { LIMITS } from '../../src/policy.ts';
import { LOGIN, makeReader, open, refusal, within } from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let tenant: string;

const SCOPE: CatalogScope = {
  schemas: ['public', 'missing'],
  extensions: ['pg_trgm', 'citext'],
  functions: [
    { schema: 'public', name: 'vouched' },
    { schema: 'pg_catalog', name: 'lower' },
    { schema: 'public', name: 'nothing' },
  ],
  masked: [
    { schema: 'public', name: 'people' },
    { schema: 'public', name: 'nowhere' },
  ],
};

beforeAll(async () => {
  reader = await makeReader(`
    CREATE SCHEMA hidden; CREATE SCHEMA closed;
    CREATE EXTENSION pg_trgm SCHEMA hidden; CREATE EXTENSION citext; CREATE EXTENSION hstore;
    CREATE TYPE public.mood AS ENUM ('glad'); CREATE TYPE closed.mood AS ENUM ('sad');
    CREATE DOMAIN public.positive AS int CHECK (VALUE > 0); CREATE TYPE public.pair AS (a int, b int);
    CREATE TABLE public.people (id int PRIMARY KEY, email varchar(80), secret text, mood public.mood);
    CREATE TABLE public.staff (salary numeric(10,2)) INHERITS (public.people);
    CREATE TABLE closed.bosses () INHERITS (public.staff);
    CREATE TABLE public.events (id int, at date) PARTITION BY RANGE (at);
    CREATE TABLE public.events_2026 PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE INDEX ON public.events (at);
    CREATE FUNCTION public.reads() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.people';
    CREATE FUNCTION public.same(a int, b int) RETURNS bool LANGUAGE sql AS 'SELECT a = b';
    CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = public.same);
    CREATE VIEW closed.inner_view AS SELECT id, email FROM public.people;
    CREATE VIEW public.outer_view AS SELECT id FROM closed.inner_view;
    CREATE VIEW public.by_function AS SELECT public.reads() AS n;
    CREATE VIEW public.by_operator AS SELECT id === 1 AS one FROM public.events;
    CREATE VIEW public.by_extension AS SELECT hidden.similarity('a', 'b') AS n;
    CREATE VIEW public.by_other_extension AS SELECT hstore('a', 'b') AS n;
    CREATE VIEW public.plain AS SELECT lower('A') AS a;
    CREATE MATERIALIZED VIEW public.kept AS SELECT count(*) AS n FROM public.events;
    CREATE SEQUENCE public.numbers;
    CREATE FUNCTION public.vouched(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
    CREATE FUNCTION public.vouched(a text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN a; END';
    CREATE FUNCTION hidden.similarity(a int, b int) RETURNS real LANGUAGE sql AS 'SELECT 1::real';
    CREATE FUNCTION hidden.attribute(a public.people) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
    CREATE FUNCTION hidden.two(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION hidden.defaulted(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE public.private (id int); CREATE TABLE closed.private (id int);
  `);
  tenant = reader.database.role('tenant');
  await reader.database.admin(
    `REVOKE SELECT ON public.private, public.people FROM ${reader.role};
     -- Without the schema, this opens nothing.
     GRANT SELECT ON closed.inner_view TO ${reader.role};
     GRANT SELECT (id, email, mood) ON public.people TO ${reader.role};
     CREATE ROLE ${tenant}; GRANT ${tenant} TO ${reader.role};
     GRANT USAGE ON SCHEMA public TO ${tenant}; GRANT SELECT ON public.private TO ${tenant}`,
  );
});

afterAll(async () => {
  await reader.database.drop();
});

async function catalogOf(scope: Partial<CatalogScope> = {}, as = LOGIN): Promise<Catalog> {
  const database = open(reader.url, { scope: { ...SCOPE, ...scope } });
  const catalog = await database.catalog(as, { fresh: false }, within());
  await database.close();
  return catalog;
}

const nameOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${schema}.${name}`;

function find({ relations }: Catalog, name: string): Relation {
  const relation = relations.find((candidate) => nameOf(candidate) === name);
  if (relation === undefined) throw new Error(`no ${name}`);
  return relation;
}

/** Names instead of numbers. */
function namesOf(catalog: Catalog, oids: readonly number[]): readonly string[] {
  return oids
    .map((oid) => catalog.relations.find((relation) => relation.oid === oid))
    .map((relation) => (relation === undefined ? 'elsewhere' : nameOf(relation)))
    .sort();
}

describe('the catalog', () => {
  test('lists relations of the schemas, and all that their views and kin lead to', async () => {
    const catalog = await catalogOf();
    expect(catalog.relations.map((relation) => `${nameOf(relation)} ${relation.kind}`)).toEqual([
      'closed.bosses table',
      'closed.inner_view view',
      'public.by_extension view',
      'public.by_function view',
      'public.by_operator view',
      'public.by_other_extension view',
      'public.events partitioned table',
      'public.events_2026 table',
      'public.kept materialized view',
      'public.numbers sequence',
      'public.outer_view view',
      'public.people table',
      'public.plain view',
      'public.private table',
      'public.staff table',
    ]);
  });

  test(
    verifies('E5.relations', 'says what the role may read, as the role that it is asked for'),
    async () => {
      const readable = ({ relations }: Catalog): readonly string[] =>
        relations.filter((relation) => relation.readable).map(nameOf);
      const own = readable(await catalogOf());
      expect(own).toContain('public.people');
      expect(own).not.toContain('public.private');
      expect(own).not.toContain('closed.inner_view');
      expect(readable(await catalogOf({}, { role: tenant, settings: {} }))).toEqual([
        'public.private',
      ]);
    },
  );

  test(
    verifies('E6.masks', 'follows views, inheritance and partitions, in both directions'),
    async () => {
      const catalog = await catalogOf();
      const kin = (name: string): readonly string[] => namesOf(catalog, find(catalog, name).kin);
      const sources = (name: string): readonly string[] =>
        namesOf(catalog, find(catalog, name).sources);
      expect(kin('public.people')).toEqual(['public.staff']);
      expect(kin('public.staff')).toEqual(['closed.bosses', 'public.people']);
      expect(kin('closed.bosses')).toEqual(['public.staff']);
      expect(kin('public.events')).toEqual(['public.events_2026']);
      expect(sources('public.outer_view')).toEqual(['closed.inner_view']);
      expect(sources('closed.inner_view')).toEqual(['public.people']);
      expect(sources('public.kept')).toEqual(['public.events']);
      expect(sources('public.plain')).toEqual([]);
    },
  );

  test(
    verifies('E6.masks', 'marks a view that calls what nobody looks into, by name or by operator'),
    async () => {
      const { relations } = await catalogOf();
      expect(relations.filter(({ opaque }) => opaque === true).map(nameOf)).toEqual([
        'public.by_function',
        'public.by_operator',
        'public.by_other_extension',
      ]);
    },
  );

  test(
    verifies('E6.masks', 'lists the readable columns of what is masked, and of its kin'),
    async () => {
      const catalog = await catalogOf();
      expect(find(catalog, 'public.people').columns).toEqual([
        { name: 'id', type: 'integer' },
        { name: 'email', type: 'character varying(80)' },
        { name: 'mood', type: 'public.mood' },
      ]);
      expect(find(catalog, 'public.staff').columns.map(({ name }) => name)).toEqual([
        'id',
        'email',
        'secret',
        'mood',
        'salary',
      ]);
      expect(find(catalog, 'closed.bosses').columns).toEqual([]);
      expect(find(catalog, 'public.events').columns).toEqual([]);
    },
  );

  test('narrows to what is listed, and keeps what masks and views need', async () => {
    const only = [
      { schema: 'public', name: 'outer_view' },
      { schema: 'closed', name: 'private' },
    ];
    const { relations } = await catalogOf({ only });
    expect(relations.map(nameOf)).toEqual([
      'closed.bosses',
      'closed.inner_view',
      'public.outer_view',
      'public.people',
      'public.staff',
    ]);
    expect((await catalogOf({ only: [], masked: [] })).relations).toEqual([]);
  });

  test('lists every overload of an allowed function, and what is known of it', async () => {
    const { functions } = await catalogOf();
    expect(
      functions
        .filter(({ schema }) => schema === 'public')
        .filter(({ name }) => name === 'vouched'),
    ).toEqual(
      expect.arrayContaining([
        {
          schema: 'public',
          name: 'vouched',
          extension: undefined,
          isSecurityDefiner: false,
          isTrusted: true,
        },
        {
          schema: 'public',
          name: 'vouched',
          extension: undefined,
          isSecurityDefiner: true,
          isTrusted: true,
        },
      ]),
    );
    expect(functions.filter(({ name }) => name === 'lower')).toHaveLength(3);
    const similarity = functions.filter(({ name }) => name === 'similarity');
    expect(
      similarity
        .map(({ extension, isTrusted }) => `${extension ?? 'none'} ${String(isTrusted)}`)
        .sort(),
    ).toEqual(['none true', 'pg_trgm true']);
    expect(functions.some(({ name }) => name === 'hstore' || name === 'nothing')).toBe(false);
  });

  test('lists types and attributes of extensions, and enums', async () => {
    const { types, attributes, extensionSchemas } = await catalogOf();
    expect(extensionSchemas).toEqual(['hidden', 'public']);
    expect(types.map((type) => `${nameOf(type)} ${type.extension ?? 'enum'}`).sort()).toEqual([
      'hidden.gtrgm pg_trgm',
      'public.citext citext',
      'public.mood enum',
    ]);
    expect(attributes).toEqual(
      expect.arrayContaining(['lower', 'attribute', 'defaulted', 'row_to_json', 'num_nulls']),
    );
    expect(attributes).not.toContain('two');
    expect(attributes).not.toContain('similarity');
  });

  test('is read also where statements of callers have little time', async () => {
    const database = open(reader.url, { scope: SCOPE, limits: { timeoutMs: 1, lockTimeoutMs: 1 } });
    expect((await database.catalog(LOGIN, { fresh: true }, within())).relations).toHaveLength(15);
    expect(await database.posture(within())).not.toHaveLength(0);
    await database.close();
  });

  test('is believed for a while, and read again when somebody insists', async () => {
    const database = open(reader.url, { scope: SCOPE });
    const read = (fresh: boolean): Promise<Catalog> => database.catalog(LOGIN, { fresh }, within());
    const first = await read(false);
    await reader.database.admin('CREATE TABLE public.brand_new (id int)');
    expect(await read(false)).toBe(first);
    expect(find(await read(true), 'public.brand_new').readable).toBe(true);
    expect(find(await read(false), 'public.brand_new').readable).toBe(true);
    await reader.database.admin('DROP TABLE public.brand_new');
    await database.close();
  });
});

test(
  verifies('C10.rows', 'a schema of 20 001 relations is refused with what to do; 20 000 are read'),
  async () => {
    const large = await makeReader(
      `DO $$ BEGIN FOR at IN 1..${String(LIMITS.relationsMax)} LOOP
       EXECUTE format('CREATE VIEW public.relation_with_a_long_name_%s AS SELECT 1 AS id', at);
     END LOOP; END $$`,
    );
    const database = open(large.url, { limits: { timeoutMs: 20_000, lockTimeoutMs: 500 } });
    const read = (of: Database): Promise<Catalog> =>
      of.catalog(LOGIN, { fresh: true }, within(20_000));
    const started = performance.now();
    expect((await read(database)).relations).toHaveLength(LIMITS.relationsMax);
    expect(performance.now() - started).toBeLessThan(8000);

    await large.database.admin('CREATE TABLE public.one_more (id int)');
    const { code, message } = await refusal(read(database));
    expect([code, message]).toEqual(['database.too_much', expect.stringContaining('list')]);
    const only = [{ schema: 'public', name: 'one_more' }];
    const narrow = open(large.url, {
      scope: { schemas: ['public'], only, extensions: [], functions: [], masked: [] },
    });
    expect((await read(narrow)).relations.map(({ name }) => name)).toEqual(['one_more']);
    await Promise.all([database.close(), narrow.close()]);
    await large.database.drop();
  },
  120_000,
);
