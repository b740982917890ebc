import { spawnSync } from 'node:child_process';

import type { ServerCommand } from './clients.ts';

/** How a process ended, and what it said. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of a server to its end, without a client. */
export function runOnce(
  { command, args }: ServerCommand,
  env: NodeJS.ProcessEnv = process.env,
): Ended {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env,
    input: '',
  });
  return { status, stdout, stderr };
}
