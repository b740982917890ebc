import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Database } from '../../src/adapter/index.ts';
import {
  LOGIN,
  makeReader,
  open,
  type Proxy,
  read,
  startProxy,
  through,
  unguarded,
  within,
} from './support.ts';

let reader: Awaited<ReturnType<typeof makeReader>>;
let proxy: Proxy;
let database: Database;

beforeAll(async () => {
  reader = await makeReader(
    `CREATE TABLE public.items AS SELECT g AS id, 'item ' || g AS name FROM generate_series(1, 50) g;
     CREATE TYPE public.mood AS ENUM ('glad', 'sad')`,
  );
  proxy = await startProxy(reader.database.port, reader.database.host);
  database = open(through(reader.url, proxy));
  await read(database, 'SELECT 1');
});

afterAll(async () => {
  await database.close();
  await proxy.close();
  await reader.database.drop();
});

async function flightsOf(work: () => Promise<unknown>): Promise<number> {
  proxy.reset();
  await work();
  return proxy.flights;
}

test(verifies('C2.one-trip', 'a statement with all layers around it is one flight'), async () => {
  const flights = await flightsOf(() =>
    read(database, 'SELECT id, name FROM public.items WHERE id > $1 ORDER BY id', {
      parameters: [3],
      as: { role: undefined, settings: { 'app.tenant': '7' } },
      skip: 10,
      limit: 5,
    }),
  );
  expect(flights).toBe(1);
  expect(proxy.connections).toBe(0);
  const sent = proxy.sent.toString('latin1');
  const order = [
    'BEGIN READ ONLY',
    'set_config',
    'DECLARE _c NO SCROLL CURSOR FOR SELECT id',
    'MOVE FORWARD 10 IN _c',
    'FETCH FORWARD 6 FROM _c',
    'ROLLBACK',
    'DISCARD ALL',
  ].map((text) => sent.indexOf(text));
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((one, other) => one - other));
});

test(verifies('C2.one-trip', 'a statement that fails is one flight, too'), async () => {
  expect(await flightsOf(() => read(database, 'SELECT 1/0').catch(() => undefined))).toBe(1);
});

test(verifies('C2.one-trip', 'so are a plan, a catalog and a question'), async () => {
  const how = { parameters: [], as: LOGIN, searchPath: [], analyze: true };
  const plan = (): Promise<unknown> =>
    database.explain(unguarded('SELECT count(*) FROM public.items'), how, within());
  expect(await flightsOf(plan)).toBe(1);
  expect(await flightsOf(() => database.catalog(LOGIN, { fresh: true }, within()))).toBe(1);
  expect(await flightsOf(() => database.catalog(LOGIN, { fresh: false }, within()))).toBe(0);
});

test('a type that PostgreSQL does not bring is asked for once', async () => {
  const moods = (): Promise<unknown> => read(database, `SELECT 'glad'::public.mood`);
  expect(await flightsOf(moods)).toBe(2);
  expect(await flightsOf(moods)).toBe(1);
});

test(
  verifies('C2.parameters', 'values travel in their own message, never in the statement'),
  async () => {
    proxy.reset();
    const value = `'; DROP TABLE public.items; --`;
    const { rows } = await read(database, 'SELECT $1::text, $2::int + 1, $3::bool, $4::text', {
      parameters: [value, 41, true, null],
      as: { role: undefined, settings: { 'app.tenant': value } },
    });
    expect(rows).toEqual([[value, 42, true, null]]);
    // Statements are in messages of type P, which begin with their length and an empty name.
    const parsed = [...proxy.sent.toString('latin1').matchAll(/P[\s\S]{4}\0([^\0]*)\0/g)].map(
      ([, text]) => text,
    );
    expect(parsed).toContain('ROLLBACK');
    expect(parsed.join('\n')).not.toContain('DROP TABLE');
  },
);

test('a connection is made with the first call, and no sooner', async () => {
  proxy.reset();
  const lazy = open(through(reader.url, proxy));
  expect(proxy.connections).toBe(0);
  await read(lazy, 'SELECT 1');
  expect(proxy.connections).toBe(1);
  await lazy.close();
  await expect(read(lazy, 'SELECT 1')).rejects.toThrow('cannot be reached');
});
