import { spawnSync } from 'node:child_process';

import { makeTemp, type TempDirectory } from '@secure-mcp/testkit';

const QUIET = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  LC_ALL: 'C',
};

export interface GitRun {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** The system's own git, in a directory of ours: the reference that the guards are compared with. */
export function runGit(
  cwd: string,
  args: readonly string[],
  input: string | Uint8Array = '',
): GitRun {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd,
    env: QUIET,
    input,
    timeout: 60_000,
  });
  return { code: status, out: stdout.toString('latin1'), error: stderr.toString() };
}

/** A repository of ours with nothing in it. */
export function emptyRepository(): TempDirectory {
  const temp = makeTemp();
  runGit(temp.path, ['init', '-q', '-b', 'main']);
  return temp;
}
