import { testServerContract } from '@secure-mcp/testkit';
import { afterAll } from 'vitest';

import lock from '../tools.lock.json' with { type: 'json' };
import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

const { database, url } = await makeShop();
afterAll(() => database.drop());

testServerContract({
  server: (...options) => bundle(url, '--schema', 'app', ...options),
  lock,
  call: {
    name: 'query',
    args: { sql: 'SELECT name FROM app.customers WHERE id = $1', params: [7] },
    holds: 'Customer 7',
  },
  unrecorded: {
    name: 'query',
    args: { sql: "SELECT 'what ada was looking for'" },
    text: 'ada was',
  },
  resource: {
    uri: 'pg://db/app/orders',
    holds: 'customer_id',
    missing: 'pg://db/app/missing',
  },
  completion: {
    uriTemplate: 'pg://{database}/{schema}/{table}',
    variable: 'table',
    value: 'cust',
    known: { database: 'db', schema: 'app' },
    offers: 'customers',
  },
});
