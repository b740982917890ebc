import { fileURLToPath } from 'node:url';

import type { ServerCommand } from '@secure-mcp/testkit';

const MAIN = fileURLToPath(new URL('../dist/main.cjs', import.meta.url));

/** Starts the bundle, as a client would: with the URL in the environment, and nothing else in it. */
export function bundle(url: string | undefined, ...args: readonly string[]): ServerCommand {
  const env = url === undefined ? {} : { DATABASE_URL: url };
  return { command: process.execPath, args: [MAIN, ...args], env };
}
