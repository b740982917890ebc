import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TempDirectory } from '@secure-mcp/testkit';

import type { Profile, Run } from '../../src/adapter/handle.ts';
import { ENVIRONMENT } from '../../src/policy.ts';

const GIT = execFileSync('sh', ['-c', 'command -v git']).toString().trim();

/** Plain git, with a stable author, and nothing of the user's own settings. */
export function plainGit(
  repository: string,
  args: readonly string[],
  options: { readonly input?: string | Buffer; readonly env?: Record<string, string> } = {},
): Buffer {
  return execFileSync(GIT, ['-C', repository, ...args], {
    input: options.input,
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'C',
      GIT_COMMITTER_EMAIL: 'c@example.org',
      ...options.env,
    },
  });
}

export interface ProfileOptions {
  /** The directory of plain git: `.git` of a work tree, or a bare repository. */
  readonly gitDir: string;
  readonly workTree?: string;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly key?: string;
}

/** A private directory made by hand: what the server makes of a checked repository, in its shortest form. */
export function handmadeProfile(
  temp: TempDirectory,
  { gitDir, workTree, objectFormat = 'sha1', key = gitDir }: ProfileOptions,
): Profile {
  const own = join(temp.path, `private-${Math.random().toString(36).slice(2)}`);
  mkdirSync(join(own, 'objects/info'), { recursive: true, mode: 0o700 });
  mkdirSync(join(own, 'refs'));
  writeFileSync(join(own, 'objects/info/alternates'), `${join(gitDir, 'objects')}\n`);
  const sha256 = '[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n';
  writeFileSync(
    join(own, 'config'),
    objectFormat === 'sha1' ? '[core]\nrepositoryformatversion = 0\n' : sha256,
  );
  writeFileSync(join(own, 'HEAD'), plainGit(gitDir, ['rev-parse', 'HEAD']));
  writeFileSync(
    join(own, 'packed-refs'),
    plainGit(gitDir, ['for-each-ref', '--format=%(objectname) %(refname)']),
  );
  return {
    key,
    gitDir: own,
    workTree,
    objectFormat,
    binary: GIT,
    warnings: [],
    operation: undefined,
    env: {
      ...ENVIRONMENT,
      GIT_DIR: own,
      ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    },
  };
}

/** A call of its own, with so many milliseconds. */
export function callFor(
  milliseconds = 60_000,
  signal: Run['signal'] = new AbortController().signal,
): Run {
  return { signal, deadline: performance.now() + milliseconds };
}
