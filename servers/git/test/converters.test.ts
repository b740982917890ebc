import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { connect, gitFixtures, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

/** The C library finds a converter by the name that the attributes say, and loads it as a program's part. */
const CONVERTER = /gconv\/ISO-2022-CN-EXT/;

const temp = makeTemp();
const repository = join(temp.path, 'app');
const trace = join(temp.path, 'opened');
const untraceable = gitFixtures.straceProblem();
const words = ['-f', '--seccomp-bpf', '-qq', '-e', 'trace=openat', '-o', trace, '--'];

beforeAll(() => {
  temp.write('app/.gitattributes', '* working-tree-encoding=ISO-2022-CN-EXT\n');
  temp.write('app/nested/.gitattributes', '* working-tree-encoding=ISO-2022-CN-EXT\n');
  temp.write('app/nested/file.txt', 'one\n');
  gitFixtures.git(repository, ['init', '--quiet']);
  temp.write('app/.git/info/attributes', '* working-tree-encoding=ISO-2022-CN-EXT\n');
  gitFixtures.git(repository, ['add', '--all']);
  gitFixtures.git(repository, ['commit', '--quiet', '--message', 'First']);
  temp.write('app/nested/file.txt', 'two\n');
});
afterAll(() => temp.remove());

function opened(): string {
  return readFileSync(trace, 'latin1');
}

test(
  verifies('C6.travelling', 'no converter is loaded that a repository names'),
  async ({ skip }) => {
    skip(untraceable !== undefined, untraceable);
    spawnSync('strace', [...words, 'git', '-C', repository, 'diff']);
    expect(opened()).toMatch(CONVERTER);

    const { command, args } = bundle(`app=${repository}`);
    const server = { command: 'strace', args: [...words, command, ...args] };
    const client = await connect('v2 modern', {
      ...server,
      env: { PATH: process.env['PATH'] ?? '' },
    });
    for (const mode of ['unstaged', 'head']) {
      const { isError, text } = await client.call('git_diff', { mode });
      expect([isError, text.includes('+two')]).toEqual([false, true]);
    }
    await client.call('git_status', {});
    await client.close();
    expect(opened()).not.toMatch(CONVERTER);
  },
);
