import { join } from 'node:path';

import { gitFixtures, makeTemp, type TempDirectory } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

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

async function firstPage(tool: string, args: object = {}) {
  const answer = await caller.call(tool, { limit: 2, ...args });
  return String(answer.output['next_cursor']);
}

function nextPage(tool: string, cursor: string, args: object = {}) {
  return caller.call(tool, { limit: 2, ...args, cursor });
}

const STALE = expect.objectContaining({ code: 'cursor.stale' });

describe('git_refs', () => {
  beforeEach(() => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) git('branch', name);
    commit('second');
  });

  test.each([
    ['a ref that went', ['branch', '--delete', '--force', 'a']],
    ['a ref that came', ['branch', 'aa']],
    ['a ref that goes to another place', ['branch', '--move', 'e', '0']],
    ['a ref that points to something else', ['branch', '--force', 'a', 'main']],
    ['another branch being checked out', ['checkout', '--quiet', 'c']],
  ] as const)('%s ends the pages of a list', async (_, change) => {
    const [named, newest] = [{}, { sort: 'newest', kinds: ['branch'] }];
    const cursors = [await firstPage('git_refs', named), await firstPage('git_refs', newest)];
    git(...change);
    await expect(nextPage('git_refs', cursors[0] ?? '', named)).rejects.toEqual(STALE);
    await expect(nextPage('git_refs', cursors[1] ?? '', newest)).rejects.toEqual(STALE);
  });

  test('what was not asked for may change', async () => {
    const branches = { kinds: ['branch'] };
    const cursor = await firstPage('git_refs', branches);
    git('tag', 'new');
    const second = await nextPage('git_refs', cursor, branches);
    const third = await nextPage('git_refs', String(second.output['next_cursor']), branches);
    const names = [...listOf(second, 'refs'), ...listOf(third, 'refs')].map(({ name }) => name);
    expect(names).toEqual(['c', 'd', 'e', 'main'].map((name) => `refs/heads/${name}`));
  });
});

describe('git_reflog', () => {
  const messages = ['one', 'two', 'three', 'four', 'five'];
  beforeEach(() => {
    for (const message of messages) {
      temp.write('app/a', message);
      git('stash', 'push', '--quiet', '--message', message);
    }
  });
  const stash = { ref: 'stash' };
  const told = (answer: Awaited<ReturnType<typeof nextPage>>) =>
    listOf(answer, 'entries').map(
      ({ selector, message }) => `${String(selector)} ${String(message)}`,
    );

  test.each([
    ['that was shown', ['stash', 'drop', '--quiet', 'stash@{1}']],
    ['that is the newest one', ['stash', 'drop', '--quiet']],
  ] as const)('an entry that is dropped and %s ends the pages', async (_, change) => {
    const cursor = await firstPage('git_reflog', stash);
    git(...change);
    await expect(nextPage('git_reflog', cursor, stash)).rejects.toEqual(STALE);
  });

  test('a new entry ends the pages, also one for the same commit', async () => {
    const cursor = await firstPage('git_reflog');
    git('update-ref', '--create-reflog', '-m', 'again', 'HEAD', 'HEAD');
    git('checkout', '--quiet', '-b', 'other');
    await expect(nextPage('git_reflog', cursor)).rejects.toEqual(STALE);
  });

  test('an older entry that is dropped hides none', async () => {
    const cursor = await firstPage('git_reflog', stash);
    git('stash', 'drop', '--quiet', 'stash@{3}');
    const second = await nextPage('git_reflog', cursor, stash);
    expect(told(second)).toEqual(['stash@{2} On main: three', 'stash@{3} On main: one']);
    expect(second.output['next_cursor']).toBeUndefined();
  });
});
