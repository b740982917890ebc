import { fileURLToPath } from 'node:url';

import type { ServerCommand } from '@secure-mcp/testkit';

const MAIN = fileURLToPath(new URL('../dist/main.cjs', import.meta.url));

/** Starts the bundle, as a client would. */
export function bundle(...args: readonly string[]): ServerCommand {
  return { command: process.execPath, args: [MAIN, ...args] };
}
