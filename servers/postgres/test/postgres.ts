import { randomBytes } from 'node:crypto';

import { Client, escapeIdentifier, type QueryResultRow } from 'pg';
import { inject } from 'vitest';

export { startPostgres } from './backend.ts';

/** A database of a suite's own, on the server that the whole run shares. */
export interface TestDatabase {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** As in `server_version_num`: 170006. */
  readonly version: number;
  /** A connection string: the superuser's, or a role's, whose password is its own name unless told. */
  url(role?: string, password?: string): string;
  /** Runs as superuser. Without parameters it may be several statements; the rows are the last one's. */
  admin(sql: string, parameters?: readonly unknown[]): Promise<QueryResultRow[]>;
  /** A name for a role that no other suite uses. The role goes with the database, once it was created. */
  role(suffix: string): string;
  /** Removes the database and its roles. */
  drop(): Promise<void>;
}

const shared = (): ReturnType<typeof inject<'postgres'>> => inject('postgres');

/** Makes a fresh database. */
export async function makeDatabase(): Promise<TestDatabase> {
  const { host, port, user, password } = shared();
  const unique = randomBytes(5).toString('hex');
  const name = `test_${unique}`;
  const roles = new Set<string>();

  const asSuperuser = async (
    database: string,
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<QueryResultRow[]> => {
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    try {
      const result = await client.query(
        sql,
        parameters === undefined ? undefined : [...parameters],
      );
      return (Array.isArray(result) ? result.at(-1) : result).rows;
    } finally {
      await client.end();
    }
  };

  await asSuperuser('postgres', `CREATE DATABASE ${escapeIdentifier(name)}`);
  const [row] = await asSuperuser(name, 'SHOW server_version_num');
  return {
    name,
    host,
    port,
    version: Number(row?.['server_version_num']),
    url(role = user, secret = role === user ? password : role) {
      return `postgres://${encodeURIComponent(role)}:${encodeURIComponent(secret)}@${host}:${String(port)}/${name}`;
    },
    admin: (sql, parameters) => asSuperuser(name, sql, parameters),
    role(suffix) {
      const role = `${name}_${suffix}`;
      roles.add(role);
      return role;
    },
    async drop() {
      await asSuperuser(
        'postgres',
        `DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`,
      );
      for (const role of roles)
        await asSuperuser('postgres', `DROP ROLE IF EXISTS ${escapeIdentifier(role)}`);
    },
  };
}
