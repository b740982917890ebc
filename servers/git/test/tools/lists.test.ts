import { join } from 'node:path';

import { gitFixtures, makeTemp, type TempDirectory } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type Caller, listOf, makeCaller } from './caller.ts';

/** What a list says when it does not hold all, or is not what it was. */

let temp: TempDirectory;
let path: string;
let caller: Caller;
let minute = 0;

beforeEach(() => {
  temp = makeTemp();
  path = join(temp.path, 'app');
  temp.write('app/a', 'a\n');
  git('init', '--quiet');
  commit('first');
  caller = makeCaller({ app: path });
});
afterEach(async () => {
  await caller?.close();
  temp?.remove();
});

function git(...args: readonly string[]): string {
  minute += 1;
  return gitFixtures.git(path, args, { minute });
}

function commit(message: string): void {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', message);
}

test('a commit with too many files for one list says how many are left out', async () => {
  const names = Array.from({ length: 203 }, (_, at) => `wide/f${String(at).padStart(4, '0')}`);
  for (const name of names) temp.write(`app/${name}`, name);
  commit('wide');
  commit('narrow');
  const answer = await caller.call('git_log', { detail: 'files' });
  const [narrow = {}, wide = {}] = listOf(answer, 'commits');
  const listed = listOf({ ...answer, output: wide }, 'files').map((file) => file['path']);
  expect(listed).toEqual(names.slice(0, 200));
  expect([narrow['more_files'], wide['more_files']]).toEqual([undefined, 3]);
  expect(answer.text).toMatch(
    new RegExp(`commit ${String(wide['oid'])}.*, 3 more files not listed`),
  );
});
