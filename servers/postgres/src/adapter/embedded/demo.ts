import { randomBytes } from 'node:crypto';

import { Client, escapeLiteral } from 'pg';

import { type EmbeddedServer, startEmbedded } from './postmaster.ts';
import { SHOP } from './shop.ts';

/** A database to try things on: real, small, and gone afterwards. */
export interface DemoDatabase {
  /** For a role that can read the shop, and do nothing else. */
  readonly url: string;
  close(): Promise<void>;
}

const DATABASE = 'shop';
const READER = 'shop_reader';

/** Starts one. Throws `EmbeddedMissing` where PostgreSQL's programs are not installed. */
export async function startDemoDatabase(beside?: string): Promise<DemoDatabase> {
  const server = await startEmbedded({
    beside,
    settings: { max_connections: '30', shared_buffers: '32MB' },
  });
  try {
    const password = randomBytes(18).toString('base64url');
    await asSuperuser(server, 'postgres', `CREATE DATABASE ${DATABASE}`);
    await asSuperuser(server, DATABASE, SHOP);
    await asSuperuser(server, DATABASE, leastPrivilege(password));
    const { host, port } = server;
    return {
      url: `postgres://${READER}:${password}@${host}:${String(port)}/${DATABASE}`,
      close: server.close,
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** What an operator does for a role that a model's statements run with. */
function leastPrivilege(password: string): string {
  return `
    CREATE ROLE ${READER} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
      NOBYPASSRLS CONNECTION LIMIT 10 PASSWORD ${escapeLiteral(password)};
    ALTER ROLE ${READER} SET default_transaction_read_only = on;
    ALTER ROLE ${READER} SET statement_timeout = '15s';
    ALTER ROLE ${READER} SET lock_timeout = '2s';
    ALTER ROLE ${READER} SET idle_in_transaction_session_timeout = '15s';
    ALTER ROLE ${READER} SET temp_file_limit = '256MB';
    REVOKE ALL ON DATABASE ${DATABASE} FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${DATABASE} TO ${READER};
    GRANT USAGE ON SCHEMA app TO ${READER};
    GRANT SELECT ON ALL TABLES IN SCHEMA app TO ${READER};
    -- What no reader needs is not granted: no mask is as sound.
    REVOKE SELECT ON app.customers FROM ${READER};
    GRANT SELECT (id, name, email, phone, country, created_at) ON app.customers TO ${READER};`;
}

async function asSuperuser(server: EmbeddedServer, database: string, sql: string): Promise<void> {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
