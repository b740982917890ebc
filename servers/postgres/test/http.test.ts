import { testHttpContract } from '@secure-mcp/testkit/http-contract';
import { afterAll } from 'vitest';

import { bundle } from './bundle.ts';
import { makeShop } from './shop.ts';

/** Rows by what the policy says of the caller. */
const BY_TENANT = `
  ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY;
  CREATE POLICY by_tenant ON app.customers USING (
    coalesce(current_setting('app.tenant', true), '') IN ('', tenant));`;

const { database, url } = await makeShop(BY_TENANT);
afterAll(() => database.drop());

const tenant = (name: string) => ({
  postgres: { databases: [{ database: 'db', settings: { 'app.tenant': name } }] },
});

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
  divided: {
    call: { name: 'query', args: { sql: "SELECT DISTINCT 'of-' || tenant FROM app.customers" } },
    shares: [
      { grants: tenant('red'), holds: 'of-red' },
      { grants: tenant('blue'), holds: 'of-blue' },
    ],
  },
  slow: {
    name: 'query',
    args: {
      sql: 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r',
    },
  },
});
