import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeTemp, treeDigest, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { findGit } from '../../src/adapter/git-binary.ts';
import type { FoundRepositories, Run } from '../../src/adapter/index.ts';
import { createDiscovery } from '../../src/adapter/repository/discover.ts';
import { buildRepository, git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn, someTime } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let opening: Opening;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  opening = openingIn(ground.private);
});
afterEach(async () => {
  await opening.close();
  temp.remove();
});

const find = async (depth = 4, limit = 50): Promise<FoundRepositories> =>
  createDiscovery(opening.keeper).find(
    [{ name: 'root', path: ground.root }],
    { depth, limit },
    someTime(),
  );
const ids = async (depth?: number, limit?: number): Promise<readonly string[]> =>
  (await find(depth, limit)).repositories.map(({ id }) => id);
const inRoot = (...steps: string[]): string => join(ground.root, ...steps);

test('repositories are found breadth first, with where they stand', async () => {
  buildRepository(inRoot('a/b/deep'), 'deep');
  buildRepository(inRoot('app/nested'), 'nested');
  git(inRoot('app/nested'), ['pack-refs', '--all']);
  git(inRoot('a/b/deep'), ['checkout', '--quiet', '--detach', 'HEAD~1']);
  git(ground.root, ['init', '--quiet', 'empty']);
  const oid = (name: string): string => git(inRoot(name), ['rev-parse', 'HEAD']).trim();
  const { repositories, truncated } = await find();
  expect(truncated).toBe(false);
  expect(repositories).toMatchObject([
    { id: 'root/app', branch: 'main', head: oid('app'), bare: false, refused: false },
    { id: 'root/empty', branch: 'main', head: undefined },
    { id: 'root/app/nested', branch: 'main', head: oid('app/nested') },
    { id: 'root/a/b/deep', branch: undefined, head: oid('a/b/deep') },
  ]);
});

test('depth and limit are kept, and what is left out is told', async () => {
  buildRepository(inRoot('a/b/deep'), 'deep');
  expect(await ids(1)).toEqual(['root/app']);
  expect(await find(4, 1)).toMatchObject({ truncated: true });
  expect(await ids(0)).toEqual([]);
});

test('a root that is itself a repository has the name of the root', async () => {
  git(ground.root, ['init', '--quiet']);
  expect(await ids()).toEqual(['root', 'root/app']);
});

test(verifies('C3.repository', 'discovery follows no link and enters no `.git`'), async () => {
  symlinkSync(ground.outside, inRoot('link'));
  buildRepository(inRoot('app/.git/modules/hidden'), 'hidden');
  buildRepository(inRoot('node_modules/some'), 'some');
  git(ground.root, ['clone', '--quiet', '--bare', 'app', 'embedded.git']);
  expect(await ids()).toEqual(['root/app']);
});

test('a refused repository is told as that, and nothing of it is shown', async () => {
  rmSync(inRoot('app/.git/HEAD'));
  symlinkSync(join(ground.outside, 'app/.git/HEAD'), inRoot('app/.git/HEAD'));
  mkdirSync(inRoot('two'));
  writeFileSync(inRoot('two/.git'), `gitdir: ${join(ground.outside, 'app/.git')}\n`);
  const { repositories } = await find();
  expect(repositories).toMatchObject([
    { id: 'root/app', refused: true, branch: undefined, head: undefined, warnings: [] },
    { id: 'root/two', refused: true, branch: undefined, head: undefined, warnings: [] },
  ]);
});

describe('where git dies of one repository', () => {
  /** As one would that a configuration makes crash. Of everything else it is git itself. */
  const dyingGit = (...words: string[]): string => {
    const program = join(temp.path, 'dying-git');
    const dies = words.map((word) => `/bin/grep -q ${word} "$GIT_CONFIG" && kill -9 $$`);
    const lines = ['#!/bin/sh', ...dies, `exec ${findGit(undefined) ?? ''} "$@"`, ''];
    writeFileSync(program, lines.join('\n'), { mode: 0o755 });
    return program;
  };
  const findWith = async (binary: string, run: Run): Promise<FoundRepositories> => {
    const other = openingIn(ground.private, { binary });
    try {
      const roots = [{ name: 'root', path: ground.root }];
      return await createDiscovery(other.keeper).find(roots, { depth: 4, limit: 50 }, run);
    } finally {
      await other.close();
    }
  };
  beforeEach(() => {
    buildRepository(inRoot('bad'), 'bad');
    git(inRoot('bad'), ['config', 'a.b', 'DEADLY']);
    buildRepository(inRoot('good'), 'good');
  });

  test(verifies('C10.repository-bombs', 'the others are listed all the same'), async () => {
    const { repositories } = await findWith(dyingGit('DEADLY'), someTime());
    expect(repositories).toMatchObject([
      { id: 'root/app', refused: false, branch: 'main' },
      { id: 'root/bad', refused: true, branch: undefined, head: undefined },
      { id: 'root/good', refused: false, branch: 'main' },
    ]);
  });

  test('a call that is cancelled ends, and so does one for which there is no git', async () => {
    const stopped = { ...someTime(), signal: AbortSignal.abort(new Error('cancelled')) };
    await expect(findWith(dyingGit('DEADLY'), stopped)).rejects.toThrow('cancelled');
    const none = findWith(join(temp.path, 'no-git'), someTime());
    await expect(none).rejects.toMatchObject({ code: 'git.missing' });
  });
});

test('linked work trees say whose they are, and what is under way', async () => {
  git(inRoot('app'), ['worktree', 'add', '--quiet', '-b', 'topic', inRoot('linked')]);
  writeFileSync(inRoot('app/.git/MERGE_HEAD'), '');
  expect((await find()).repositories).toMatchObject([
    { id: 'root/app', worktreeOf: undefined, operation: 'merge' },
    { id: 'root/linked', worktreeOf: 'root/app', branch: 'topic', operation: undefined },
  ]);
});

test('names are visible, and a name that nobody could send back is left out', async () => {
  buildRepository(inRoot('line\nfeed'), 'line');
  const odd = Buffer.concat([Buffer.from(`${ground.root}/`), Buffer.from([0x63, 0xe9])]);
  mkdirSync(odd);
  mkdirSync(Buffer.concat([odd, Buffer.from('/.git')]));
  expect(await ids()).toEqual(['root/app', String.raw`root/line\u{A}feed`]);
});

test(verifies('C6.travelling', 'discovery changes nothing'), async () => {
  const before = treeDigest(ground.root);
  await find();
  expect(treeDigest(ground.root)).toBe(before);
});
