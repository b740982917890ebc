import { setupSql } from '../src/adapter/setup-sql.ts';
import { makeDatabase, type TestDatabase } from './postgres.ts';

/** A small database as an operator would open it, and the role that `setup-sql` makes for it. */
export interface Shop {
  readonly database: TestDatabase;
  /** For the least-privileged role. */
  readonly url: string;
  readonly role: string;
}

/** Its tables, made by whoever owns the database. */
export const TABLES = `
CREATE SCHEMA app;
CREATE TABLE app.customers (id int PRIMARY KEY, name text NOT NULL, email text, tenant text NOT NULL);
CREATE TABLE app.orders (id int PRIMARY KEY, customer_id int REFERENCES app.customers, total numeric);
CREATE TABLE app.wages (id int PRIMARY KEY, amount numeric);
CREATE VIEW app.order_totals AS
  SELECT customer_id, sum(total) AS total FROM app.orders GROUP BY customer_id;
INSERT INTO app.customers
  SELECT n, 'Customer ' || n, 'person' || n || '@example.com', CASE n % 2 WHEN 0 THEN 'blue' ELSE 'red' END
  FROM generate_series(1, 50) AS n;
INSERT INTO app.orders SELECT n, 1 + n % 50, n * 1.5 FROM generate_series(1, 200) AS n;
INSERT INTO app.wages VALUES (1, 4000);
ANALYZE;`;

export async function makeShop(more = ''): Promise<Shop> {
  const database = await makeDatabase();
  const role = database.role('reader');
  await database.admin(TABLES);
  const { name } = database;
  await database.admin(setupSql({ role, database: name, schemas: ['app'], extensions: [] }));
  await database.admin(`ALTER ROLE "${role}" PASSWORD '${role}'; ${more}`);
  return { database, role, url: database.url(role) };
}
