import { fileURLToPath } from 'node:url';

import {
  type ContainerRuntime,
  containerRuntime,
  startPostgresContainer,
} from '@secure-mcp/testkit/postgres';

import { type EmbeddedServer, startEmbedded } from '../src/adapter/embedded/index.ts';

/** The server that the suites of a run share. */
export interface Backend {
  readonly kind: 'container' | 'embedded';
  /** What it is, and why. */
  readonly reason: string;
  readonly host: string;
  readonly port: number;
  /** The superuser. */
  readonly user: string;
  readonly password: string;
  close(): Promise<void>;
}

/** What the choice depends on. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  runtime(): Promise<ContainerRuntime | undefined>;
}

const IMAGE = 'postgres:17-alpine';

const SETTINGS = {
  max_connections: '300',
  // A schema of 20,000 relations is made in one transaction.
  max_locks_per_transaction: '256',
  shared_preload_libraries: 'pg_stat_statements',
  fsync: 'off',
  // What tests leave behind on purpose is not tidied while they look.
  autovacuum: 'off',
  timezone: 'UTC',
};

/**
 * A container where a container runtime answers, PostgreSQL's own programs otherwise: as real, but in
 * one version only. CI has to show both, so there a missing runtime is an error.
 * `TEST_POSTGRES=embedded` leaves the container out, `TEST_POSTGRES_IMAGE` names another.
 */
export async function startBackend({ environment, runtime }: Surroundings): Promise<Backend> {
  if (environment['TEST_POSTGRES'] === 'embedded') return embedded('TEST_POSTGRES asks for it');
  const image = environment['TEST_POSTGRES_IMAGE'] ?? IMAGE;
  const found = await runtime();
  const inCi = environment['CI'] === 'true';
  if (found === undefined) {
    if (inCi) throw new Error('CI=true, and no container runtime answers: start one, or unset CI');
    return embedded('no container runtime answers');
  }
  try {
    const container = await startPostgresContainer({ image, settings: SETTINGS });
    return {
      kind: 'container',
      reason: `${image} on a container runtime, ${found.name}`,
      ...container,
    };
  } catch (error) {
    // Most likely an image that cannot be pulled.
    if (inCi) throw error;
    return embedded(`${image} did not start: ${String(error)}`);
  }
}

export const surroundings: Surroundings = { environment: process.env, runtime: containerRuntime };

async function embedded(why: string): Promise<Backend> {
  const server = await startPostgres();
  return { kind: 'embedded', reason: `embedded, because ${why}`, ...server };
}

/** A server of a test's own, to be stopped and started at will. Whoever starts it closes it. */
export function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedServer> {
  return startEmbedded({
    beside: fileURLToPath(import.meta.url),
    settings: { ...SETTINGS, ...settings },
  });
}
