import { Client } from 'pg';

import { CATALOG, catalogParameters, toCatalog } from '../../src/adapter/catalog/catalog.ts';
import {
  type Catalog,
  createStatementGuard,
  createVisibility,
  type ReadStatement,
  SALT_SETTING,
  type StatementGuard,
  type Visibility,
} from '../../src/guard/index.ts';
import type { Access, Mask } from '../../src/policy.ts';
import { makeDatabase, type TestDatabase } from '../postgres.ts';

/** What a test looks for in answers and errors: it stands in every masked column and nowhere else. */
export const MARKER = 'marker7531';

/** A database with something to hide, a role that may read all of it, and guards over its real catalog. */
export interface World {
  readonly database: TestDatabase;
  readonly role: string;
  catalog(access: Access): Promise<Catalog>;
  guard(access: Access): Promise<StatementGuard>;
  visibility(access: Access): Promise<Visibility>;
  /** Runs what a guard let through, as a call does. */
  run(statement: ReadStatement, parameters?: readonly unknown[]): Promise<Table>;
  /** Runs the text itself, with the schema on the search path: what a user of psql would see. */
  direct(sql: string, parameters?: readonly unknown[]): Promise<Table>;
  /** Runs a statement beside the cursor: EXPLAIN. */
  explain(statement: ReadStatement, options: string): Promise<string>;
  close(): Promise<void>;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export const OPEN: Access = {
  schemas: ['app'],
  only: undefined,
  deny: [],
  masks: [],
  extensions: [],
  functions: [],
};

const mask = (name: string, column: string, how: Mask['how'] = 'redact'): Mask => ({
  schema: 'app',
  name,
  column,
  how,
});

export const MASKED: Access = {
  ...OPEN,
  masks: [
    mask('customers', 'email'),
    mask('customers', 'phone', 'last4'),
    mask('customers', 'ssn', 'hash'),
    mask('customers', 'contact', 'domain'),
    mask('customers', 'secret', 'null'),
    mask('events_2024', 'token'),
    mask('people', 'secret'),
  ],
};

const SCHEMA = `
CREATE SCHEMA app; CREATE SCHEMA hidden;
CREATE TYPE app.status AS ENUM ('new', 'paid', 'sent');
CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
CREATE TABLE app.customers (
  id int PRIMARY KEY, name text NOT NULL, tenant int, email text, phone text, ssn text, contact text,
  secret jsonb, created timestamptz);
INSERT INTO app.customers SELECT
  n, 'name ' || n, n % 3, 'x${MARKER}' || n || '@example.com', '${MARKER}' || n, '${MARKER}' || n,
  '${MARKER}' || n || '@mail.example', jsonb_build_object('key', '${MARKER}' || n),
  timestamptz '2024-01-01 00:00:00+00' + n * interval '1 day'
FROM generate_series(1, 20) n;
CREATE TABLE app.orders (
  id int PRIMARY KEY, customer_id int REFERENCES app.customers, amount numeric(10, 2), status app.status,
  tags text[], placed date, info jsonb, note text, span daterange);
INSERT INTO app.orders SELECT
  n, n % 20 + 1, n * 1.5, (ARRAY['new', 'paid', 'sent'])[n % 3 + 1]::app.status, ARRAY['a' || n % 4, 'b'],
  date '2024-01-01' + n, jsonb_build_object('items', jsonb_build_array(n, n + 1), 'k', 'v' || n),
  CASE WHEN n % 5 = 0 THEN NULL ELSE 'note ' || n END, daterange(date '2024-01-01' + n, date '2024-02-01' + n)
FROM generate_series(1, 60) n;
CREATE TABLE app.events (id int, at date, token text) PARTITION BY RANGE (at);
CREATE TABLE app.events_2023 PARTITION OF app.events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO app.events SELECT n, date '2023-12-01' + n, '${MARKER}' || n FROM generate_series(1, 60) n;
CREATE TABLE app.people (id int, secret text);
CREATE TABLE app.staff (grade int) INHERITS (app.people);
INSERT INTO app.people VALUES (1, '${MARKER}'); INSERT INTO app.staff VALUES (2, '${MARKER}', 7);
CREATE TABLE hidden.vault (id int, value text); INSERT INTO hidden.vault VALUES (1, '${MARKER}');
CREATE TABLE hidden.plain (id int, label text); INSERT INTO hidden.plain VALUES (1, 'plain');
CREATE VIEW app.over_customers AS SELECT id, email AS other FROM app.customers;
CREATE VIEW app.over_view AS SELECT other AS third FROM app.over_customers;
CREATE VIEW app.over_orders AS SELECT id, amount FROM app.orders;
CREATE VIEW app.over_plain AS SELECT * FROM hidden.plain;
CREATE VIEW app.over_statistics AS SELECT attname, most_common_vals::text FROM pg_stats;
CREATE VIEW app.over_partition AS SELECT token AS hidden_token FROM app.events_2023;
CREATE MATERIALIZED VIEW app.stored_customers AS SELECT id, email AS other FROM app.customers;
CREATE SEQUENCE app.counter;
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE app.far (id int) SERVER nowhere;
CREATE TABLE app."Odd ""Name""" ("Column ""x""" int, "select" text); INSERT INTO app."Odd ""Name""" VALUES (1, 'odd');
CREATE FUNCTION app.twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION app.definer(x int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT value FROM hidden.vault';
CREATE VIEW app.opaque AS SELECT app.definer(1) AS leaked;
CREATE FUNCTION app.overloaded(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
CREATE FUNCTION app.overloaded(x text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT x';
ANALYZE;
`;

/** Text as the server writes it: nothing is made of it on the way. */
const AS_TEXT = { getTypeParser: () => (value: string) => value };

export async function makeWorld(extra = ''): Promise<World> {
  const database = await makeDatabase();
  const role = database.role('reader');
  await database.admin(SCHEMA + extra);
  await database.admin(`CREATE ROLE ${role} LOGIN PASSWORD '${role}';
    GRANT USAGE ON SCHEMA app, hidden TO ${role};
    GRANT SELECT ON ALL TABLES IN SCHEMA app, hidden TO ${role};
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO ${role}`);
  const client = new Client({ connectionString: database.url(role), types: AS_TEXT });
  await client.connect();

  const catalog = async (access: Access): Promise<Catalog> => {
    const text = CATALOG.text(database.version) ?? '';
    const masked = access.masks.map(({ schema, name }) => ({ schema, name }));
    const plain = new Client({ connectionString: database.url(role) });
    await plain.connect();
    try {
      const values = catalogParameters({ ...access, masked }).map((value) =>
        Array.isArray(value) ? [...value] : value,
      );
      const { rows } = await plain.query(text, values);
      return toCatalog(CATALOG.row.parse(rows[0]));
    } finally {
      await plain.end();
    }
  };

  const inTransaction = async (path: string, work: () => Promise<Table>): Promise<Table> => {
    await client.query('BEGIN READ ONLY');
    try {
      await client.query(`SET LOCAL search_path = ${path}`);
      await client.query(`SET LOCAL statement_timeout = 10000`);
      await client.query(`SELECT set_config($1, $2, true)`, [SALT_SETTING, 'salt of this test']);
      return await work();
    } finally {
      await client.query('ROLLBACK');
      await client.query('DISCARD ALL');
    }
  };

  const fetch = async (text: string, parameters: readonly unknown[]): Promise<Table> => {
    await client.query(`DECLARE _c NO SCROLL CURSOR FOR ${text}`, [...parameters]);
    const { rows, fields } = await client.query<(string | null)[]>({
      text: 'FETCH 2000 FROM _c',
      rowMode: 'array',
    });
    return { columns: fields.map(({ name }) => name), rows };
  };

  return {
    database,
    role,
    catalog,
    guard: async (access) => createStatementGuard(access, await catalog(access)),
    visibility: async (access) => createVisibility(access, await catalog(access)),
    run: (statement, parameters = []) =>
      inTransaction('pg_catalog, pg_temp', () => fetch(statement.text, parameters)),
    direct: (sql, parameters = []) => inTransaction('app', () => fetch(sql, parameters)),
    async explain(statement, options) {
      const { rows } = await inTransaction('pg_catalog, pg_temp', async () => {
        const { rows: lines, fields } = await client.query<(string | null)[]>({
          text: `EXPLAIN (${options}) ${statement.text}`,
          rowMode: 'array',
        });
        return { columns: fields.map(({ name }) => name), rows: lines };
      });
      return rows.flat().join('\n');
    },
    async close() {
      await client.end();
      await database.drop();
    },
  };
}
