import { fileURLToPath } from 'node:url';

import { startEmbedded } from '../src/adapter/embedded/index.ts';

/** A real server for tests. */
export interface Backend {
  readonly kind: 'container' | 'embedded';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startBackend(): Promise<Backend> {
  const server = await startEmbedded({
    beside: fileURLToPath(import.meta.url),
    settings: { max_connections: '300' },
  });
  return { kind: 'embedded', ...server };
}
