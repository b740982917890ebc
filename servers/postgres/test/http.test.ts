import { testHttpContract } from '@secure-mcp/testkit/http-contract';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

const { database, url } = await makeShop();
afterAll(() => database.drop());

testHttpContract({
  server: (...options) => bundle(url, '--schema', 'app', ...options),
  cli: (...args) => bundle(undefined, ...args),
  call: {
    name: 'query',
    args: { sql: 'SELECT name FROM app.customers WHERE id = $1', params: [7] },
    holds: 'Customer 7',
  },
  other: 'explain',
  scope: 'sql:read',
  grants: { postgres: { databases: [{ database: 'db' }] } },
  slow: {
    name: 'query',
    args: {
      sql: 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r',
    },
  },
});
