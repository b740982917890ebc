import { expect, test } from 'vitest';
import { Client } from 'pg';

import { makeDatabase } from './postgres.ts';

test('a suite gets a database and roles of its own', async () => {
  const database = await makeDatabase();
  const reader = database.role('reader');
  await database.admin(`CREATE ROLE ${reader} LOGIN PASSWORD '${reader}'; CREATE TABLE t (a int)`);
  const client = new Client(database.url(reader));
  await client.connect();
  const { rows } = await client.query('SELECT current_user::text AS me');
  expect(rows).toEqual([{ me: reader }]);
  expect(database.version).toBeGreaterThan(150_000);
  await client.end();
  await database.drop();
});
