import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Containers, Mount } from '@secure-mcp/testkit/containers';

const SCRIPT = fileURLToPath(new URL('./plain-git.ts', import.meta.url));

/** A command of git, and the directory that it is started in. */
export interface PlainCommand {
  readonly directory: string;
  readonly args: readonly string[];
  /** Without it, it is as short as a trap needs. */
  readonly timeoutMs?: number;
}

/** What became of it. */
export interface PlainEnd {
  /** What it printed, errors and all. */
  readonly said: string;
  /** The kernel ended it, for the container had no memory left. */
  readonly outOfMemory: boolean;
}

export interface Careless {
  readonly containers: Containers;
  readonly mounts: readonly Mount[];
  /** Owners are not looked at (`safe.directory=*`), which is what everybody does who mounts a repository. */
  readonly trusting: boolean;
}

/**
 * What a server would meet that runs git as it comes: in the same image, as the same user, hardened the
 * same way.
 */
export async function runCareless(
  { containers, mounts, trusting }: Careless,
  commands: readonly PlainCommand[],
): Promise<readonly PlainEnd[]> {
  const { command, args } = containers.server(
    'git',
    {
      mounts: [...mounts, { from: SCRIPT, to: '/plain-git.ts' }],
      options: ['--entrypoint=/usr/local/bin/node'],
    },
    '/plain-git.ts',
    ...(trusting ? ['*'] : []),
  );
  const { promise, resolve, reject } = Promise.withResolvers<readonly PlainEnd[]>();
  const child = execFile(command, args, { maxBuffer: 256 << 20 }, (error, stdout) => {
    if (error === null) resolve(JSON.parse(stdout));
    else reject(error);
  });
  child.stdin?.end(JSON.stringify(commands));
  return promise;
}
