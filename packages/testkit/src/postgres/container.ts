import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

import { PostgreSqlContainer } from '@testcontainers/postgresql';

import { OWNED, startRemover } from './remover.ts';

/** A PostgreSQL in a container. */
export interface PostgresContainer {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** The superuser. */
  readonly user: string;
  readonly password: string;
  /** Stops it and removes it with its data. */
  close(): Promise<void>;
}

export interface PostgresContainerOptions {
  readonly image: string;
  readonly settings: Readonly<Record<string, string>>;
  /** A network that it joins, and its name there. */
  readonly network?: { readonly name: string; readonly alias: string };
}

/** Starts one. It is gone when this process is, whether it was closed or not. */
export async function startPostgresContainer({
  image,
  settings,
  network,
}: PostgresContainerOptions): Promise<PostgresContainer> {
  // What its reaper would do is done by our remover.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const remover = startRemover();
  try {
    const described = new PostgreSqlContainer(image)
      .withDatabase('postgres')
      .withUsername('postgres')
      .withPassword(randomBytes(18).toString('base64url'))
      .withLabels({ [OWNED]: remover.owner })
      .withCommand(['postgres', ...asOptions(settings)]);
    if (network !== undefined)
      described.withNetworkMode(network.name).withNetworkAliases(network.alias);
    const container = await described.start();
    return {
      id: container.getId(),
      host: await hostOf(container.getHost(), container.getPort()),
      port: container.getPort(),
      user: container.getUsername(),
      password: container.getPassword(),
      close: () => remover.remove(),
    };
  } catch (error) {
    await remover.remove();
    throw error;
  }
}

/**
 * Loopback where the container's port is published on it: what a server does without TLS, it does
 * on loopback only. A runtime that is reached from within a container names its gateway instead.
 */
async function hostOf(named: string, port: number): Promise<string> {
  const socket = connect(port, LOOPBACK);
  try {
    await once(socket, 'connect');
    return LOOPBACK;
  } catch {
    return named;
  } finally {
    socket.destroy();
  }
}

const LOOPBACK = '127.0.0.1';

function asOptions(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
