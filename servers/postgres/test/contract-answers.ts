import type { ServerContract } from '@secure-mcp/testkit';

import lock from '../tools.lock.json' with { type: 'json' };

/** What the contract asks of this server, and what it has to answer: the same outside of a container and in one. */
export const ANSWERS: Omit<ServerContract, 'server'> = {
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
};
