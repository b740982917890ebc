/**
 * The practical limit for a database: a JSON-RPC loop over stdio that hands the SQL to the driver and
 * its rows to the client, as the owner, without guard, transaction, limits, masks or trail.
 */
'use strict';
const { Client } = require('pg');

const client = new Client({ connectionString: process.env['DATABASE_URL'] });
const connected = client.connect();
const COLUMNS = `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
  WHERE attrelid = $1::regclass AND attnum > 0`;
const TABLES =
  "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::regnamespace";

const operations = {
  query: ({ sql }) => ({ text: sql, values: [] }),
  describe_object: ({ name }) => ({ text: COLUMNS, values: [name] }),
  search_objects: ({ schema }) => ({ text: TABLES, values: [schema] }),
};

async function answer({ id, method, params }) {
  if (method === 'initialize') {
    const serverInfo = { name: 'raw', version: '1' };
    return {
      jsonrpc: '2.0',
      id,
      result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo },
    };
  }
  if (method === 'tools/list') return { jsonrpc: '2.0', id, result: { tools: [] } };
  await connected;
  const { rows } = await client.query({
    ...operations[params.name](params.arguments),
    rowMode: 'array',
  });
  return {
    jsonrpc: '2.0',
    id,
    result: { content: [{ type: 'text', text: JSON.stringify(rows) }] },
  };
}

let rest = '';
process.stdin.on('data', (chunk) => {
  rest += chunk;
  for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
    const message = JSON.parse(rest.slice(0, end));
    rest = rest.slice(end + 1);
    if (message.id !== undefined)
      void answer(message).then((said) => process.stdout.write(`${JSON.stringify(said)}\n`));
  }
});
process.stdin.on('end', () => process.exit());
