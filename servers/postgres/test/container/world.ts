import { randomUUID } from 'node:crypto';

import { createTestAuthority, runToEnd, type ServerCommand } from '@secure-mcp/testkit';
import { openOptionFiles, type OptionFiles } from '@secure-mcp/testkit/container-contract';
import { type Containers, dockerSays, openContainers } from '@secure-mcp/testkit/containers';

import { OBJECTS } from '../state.ts';
import { TABLES } from '../shop.ts';
import { type DatabaseInContainer, startDatabase } from './database.ts';

export const ROLE = 'mcp_reader';

/** Who signs the certificates of the databases, and who does not. */
export const ours = createTestAuthority();
export const strangers = createTestAuthority({ name: 'Stranger' });

/** A network with databases and servers, each in a container, and a volume with the servers' secrets. */
export interface World {
  readonly containers: Containers;
  readonly files: OptionFiles;
  readonly network: string;
  /** Starts a database with the shop in it, which the role that `setup-sql` prints may read. */
  database(image: string): Promise<DatabaseInContainer>;
  /**
   * The server in its hardened image, with further options of the engine and of the server. It reads its
   * URL, and the authorities to trust, from mounted files; the URL of a database is in a file of its name.
   */
  server(url: string, options: readonly string[], ...args: readonly string[]): ServerCommand;
  close(): Promise<void>;
}

/** The password that a role begins with. Test databases are all there is to it. */
export const PASSWORD = randomUUID();

export async function openWorld(): Promise<World> {
  const containers = openContainers();
  const databases: DatabaseInContainer[] = [];
  let started = 0;
  const network = await openNetwork(containers);
  const files = await openOptionFiles(containers, 'postgres');
  files.put('authorities.pem', ours.certificate);
  const setup = await setupSql(containers);
  return {
    containers,
    files,
    network,
    async database(image) {
      started += 1;
      const alias = `database-${String(started)}`;
      const certificate = ours.issueServer({ hosts: [alias] });
      const database = await startDatabase(image, { name: network, alias }, certificate);
      databases.push(database);
      // The sequence that anybody may advance would be found against the role.
      await database.admin(`${TABLES} ${OBJECTS} REVOKE ALL ON SEQUENCE app.counter FROM PUBLIC`);
      await database.admin(setup);
      await database.admin(`ALTER ROLE ${ROLE} PASSWORD '${PASSWORD}'`);
      files.putSecret(alias, `${database.url(ROLE, PASSWORD)}\n`);
      return database;
    },
    server: (url, options, ...args) =>
      containers.server(
        'postgres',
        { network, options: [`--volumes-from=${files.id}:ro`, ...options] },
        ...args,
        `--dsn-file=${files.at(url)}`,
        `--database-ca=${files.at('authorities.pem')}`,
        '--schema=app',
      ),
    async close() {
      await Promise.all(databases.map((database) => database.close()));
      await containers.close();
    },
  };
}

/** A network that goes with the containers of a suite. */
export async function openNetwork({ label }: Containers, name = newNetwork()): Promise<string> {
  const labels = Object.entries(label).map(([key, value]) => `--label=${key}=${value}`);
  await dockerSays('network', 'create', ...labels, name);
  return name;
}

export function newNetwork(): string {
  return `secure-mcp-${randomUUID()}`;
}

/** What the image itself prints for the role. */
export async function setupSql(containers: Containers): Promise<string> {
  const command = containers.server(
    'postgres',
    {},
    'setup-sql',
    '--schema=app',
    `--setup-role=${ROLE}`,
  );
  return (await runToEnd(command)).stdout;
}
