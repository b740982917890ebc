import type { TestProject } from 'vitest/node';

import { startBackend, surroundings } from './backend.ts';

/** One server for all suites of a run. Each suite makes its own database on it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startBackend(surroundings);
  console.log(`PostgreSQL for the tests: ${server.reason}`);
  const { kind, host, port, user, password } = server;
  project.provide('postgres', { kind, host, port, user, password });
  return server.close;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: {
      /** How it is run. */
      readonly kind: 'container' | 'embedded';
      readonly host: string;
      readonly port: number;
      /** The superuser. */
      readonly user: string;
      readonly password: string;
    };
  }
}
