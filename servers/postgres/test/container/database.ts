import { docker, dockerSays } from '@secure-mcp/testkit/containers';
import type { TestCertificate } from '@secure-mcp/testkit';
import { type PostgresContainer, startPostgresContainer } from '@secure-mcp/testkit/postgres';
import { Client, escapeLiteral, type QueryResultRow } from 'pg';

/** A PostgreSQL on a network of containers, which speaks TLS there. */
export interface DatabaseInContainer {
  /** Its host name on that network. */
  readonly alias: string;
  /** How a server on that network reaches it as a role. */
  url(role: string, password?: string): string;
  /** Runs as superuser, from outside. It may be several statements; the rows are the last one's. */
  admin(sql: string): Promise<QueryResultRow[]>;
  /** Shows another certificate to whoever connects next. */
  show(certificate: TestCertificate): Promise<void>;
  /** Ends it without a word and starts it again. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

const SETTINGS = { max_connections: '50', fsync: 'off', autovacuum: 'off', timezone: 'UTC' };

/** Starts one. Whoever connects as anybody but the superuser has to speak TLS. */
export async function startDatabase(
  image: string,
  network: { readonly name: string; readonly alias: string },
  certificate: TestCertificate,
): Promise<DatabaseInContainer> {
  const container = await startPostgresContainer({ image, settings: SETTINGS, network });
  const { alias } = network;
  let { port } = container;
  const admin = (sql: string) => runAs(container, port, sql);
  const database: DatabaseInContainer = {
    alias,
    url: (role, password) =>
      `postgres://${role}${password === undefined ? '' : `:${password}`}@${alias}/postgres`,
    admin,
    async show({ certificate: shown, key }) {
      await admin(`${write('server.crt', shown)}; ${write('server.key', key)};
        SELECT pg_reload_conf()`);
    },
    async crash() {
      await dockerSays('kill', container.id);
      await dockerSays('start', container.id);
      // Another port may be published now.
      port = Number((await dockerSays('port', container.id, '5432/tcp')).match(/\d+$/m)?.[0]);
    },
    close: () => container.close(),
  };
  await database.show(certificate);
  await admin(write('pg_hba.conf', ACCESS));
  await admin('ALTER SYSTEM SET ssl = on');
  await admin('SELECT pg_reload_conf()');
  return database;
}

const ACCESS = `local all all trust
host all postgres all scram-sha-256
hostssl all all all scram-sha-256`;

/**
 * A statement that writes a file in the directory of the database, which nobody else may read: the image
 * does not matter, nor which user it runs as.
 */
function write(file: string, content: string): string {
  const lines = `string_to_table(${escapeLiteral(content.trim())}, E'\\n')`;
  return `COPY (SELECT ${lines}) TO PROGRAM 'umask 077; cat >${file}'`;
}

async function runAs(
  { id, host, user, password }: PostgresContainer,
  port: number,
  sql: string,
): Promise<QueryResultRow[]> {
  const client = new Client({ host, port, user, password, database: 'postgres' });
  await client.connect();
  try {
    const result = await client.query(sql);
    return (Array.isArray(result) ? result.at(-1) : result).rows;
  } catch (error) {
    // A database that ends connections says why in its log alone, which goes with its container.
    const { stdout, stderr } = await docker('logs', '--tail', '20', id);
    throw new Error(`${String(error)}\n${stdout}${stderr}`, { cause: error });
  } finally {
    await client.end();
  }
}
