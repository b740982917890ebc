import { symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { status } from '../../src/adapter/commands/status.ts';
import type { StatusQuery } from '../../src/adapter/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { plainStatus } from './plain.ts';
import { makeRepository, type TestRepository, treePathOf } from './repository.ts';

const QUERY: StatusQuery = { untracked: 'normal', paths: [], limit: 200 };

describe('a work tree with everything in it', () => {
  let repository: TestRepository;
  beforeAll(() => {
    repository = makeRepository();
    const { write, git, path } = repository;
    for (const name of [
      'changed',
      'staged',
      'both',
      'gone',
      'unlinked',
      'kind',
      'old name',
      'caf\xe9',
    ]) {
      write(name, `${name}\n`.repeat(5));
    }
    git('add', '.');
    git('commit', '-qm', 'one');
    git('mv', 'old name', 'new -> name');
    for (const name of ['changed', 'both', 'staged']) write(name, 'other\n');
    git('add', 'staged', 'both');
    write('both', 'again\n');
    git('rm', '-q', 'gone', 'kind');
    git('rm', '-q', '--cached', 'unlinked');
    symlinkSync('changed', join(path, 'kind'));
    git('add', 'kind');
    write('line\nfeed "quoted"', 'x');
    write('-dash', 'x');
    write('intended', 'x');
    git('add', '--intent-to-add', 'intended');
    write('directory/inner/file', 'x');
    write('caf\xe9', 'raw bytes');
    write('.gitignore', 'ignored\n');
    write('ignored', 'x');
  });
  afterAll(() => repository.remove());

  test.each(['none', 'normal', 'all'] as const)(
    'equals plain git, untracked: %s',
    async (untracked) => {
      const found = await status(await repository.handle(), { ...QUERY, untracked });
      const flag = `--untracked-files=${untracked === 'none' ? 'no' : untracked}`;
      const byPath = (a: { path: string }, b: { path: string }): number =>
        a.path < b.path ? -1 : 1;
      const plain = plainStatus(repository, flag);
      expect(found.entries.toSorted(byPath)).toEqual(plain.toSorted(byPath));
      expect(found.counts).toEqual({
        staged: plain.filter(({ staged }) => staged !== undefined).length,
        unstaged: plain.filter(({ unstaged }) => unstaged !== undefined).length,
        untracked: plain.filter((entry) => entry.untracked).length,
        conflicts: 0,
      });
      expect(found.counts.staged).toBeGreaterThan(4);
      expect(found.truncated).toBe(false);
    },
  );

  test('shows names so that nothing hides, and so that they can be sent back', async () => {
    const { entries } = await status(await repository.handle(), { ...QUERY, untracked: 'all' });
    const paths = entries.map(({ path }) => path);
    expect(paths).toContain('line\\u{A}feed "quoted"');
    expect(paths).toContain('caf\\x{E9}');
    expect(entries).toContainEqual(
      expect.objectContaining({ path: 'new -> name', from: 'old name', staged: 'renamed' }),
    );
  });

  test('counts what it does not list', async () => {
    const all = await status(await repository.handle(), QUERY);
    const cut = await status(await repository.handle(), { ...QUERY, limit: 3 });
    expect(cut.entries).toEqual(all.entries.slice(0, 3));
    expect(cut.counts).toEqual(all.counts);
    expect(cut.truncated).toBe(true);
  });

  test(verifies('C2.arguments', 'keeps to paths, taken as they are'), async () => {
    const { entries } = await status(await repository.handle(), {
      ...QUERY,
      paths: [treePathOf('-dash'), treePathOf('directory'), treePathOf('*')],
    });
    expect(entries.map(({ path }) => path)).toEqual(['-dash', 'directory/']);
    const odd = status(await repository.handle(), { ...QUERY, paths: [treePathOf('caf\xe9')] });
    await expect(odd).rejects.toMatchObject({ code: 'path.encoding' });
  });

  test(
    verifies(
      'C6.travelling',
      'changes nothing in the repository, though times of files are out of date',
    ),
    async () => {
      repository.write('staged', 'other\n');
      const before = repository.digest();
      await status(await repository.handle(), QUERY);
      expect(repository.digest()).toBe(before);
    },
  );
});

describe('branches', () => {
  test('before the first commit', async () => {
    const repository = makeRepository();
    repository.write('a', 'x');
    const found = await status(await repository.handle(), QUERY);
    expect(found).toMatchObject({ branch: 'main', upstream: undefined, entries: [{ path: 'a' }] });
    expect(found.head).toBeUndefined();
    await repository.remove();
  });

  test('upstream, ahead, behind, detached, operation', async () => {
    const repository = makeRepository();
    const { git, oid } = repository;
    git('commit', '--allow-empty', '-qm', 'one');
    git('branch', 'caf\u00e9');
    git('commit', '--allow-empty', '-qm', 'two');
    git(
      'update-ref',
      'refs/remotes/origin/main',
      git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD~1', '-m', 'theirs').trim(),
    );
    git('config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
    git('config', 'branch.main.remote', 'origin');
    git('config', 'branch.main.merge', 'refs/heads/main');
    expect(await status(await repository.handle(), QUERY)).toMatchObject({
      branch: 'main',
      head: oid('HEAD'),
      upstream: 'origin/main',
      ahead: 1,
      behind: 1,
    });
    git('update-ref', '-d', 'refs/remotes/origin/main');
    expect(await status(await repository.handle(), QUERY)).toMatchObject({
      upstream: 'origin/main',
      ahead: undefined,
      behind: undefined,
    });
    git('checkout', '-q', 'caf\u00e9');
    expect((await status(await repository.handle(), QUERY)).branch).toBe('caf\u00e9');
    git('checkout', '-q', '--detach');
    expect((await status(await repository.handle(), QUERY)).branch).toBeUndefined();
    await repository.remove();
  });
});

test('conflicts of all kinds', async () => {
  const repository = makeRepository();
  const { git, write, run } = repository;
  for (const name of ['both', 'ours gone', 'theirs gone']) write(name, 'base\n');
  git('add', '.');
  git('commit', '-qm', 'base');
  git('checkout', '-qb', 'side');
  for (const name of ['both', 'ours gone', 'added']) write(name, 'side\n');
  git('rm', '-q', 'theirs gone');
  git('add', '.');
  git('commit', '-qm', 'side');
  git('checkout', '-q', 'main');
  for (const name of ['both', 'theirs gone', 'added']) write(name, 'main\n');
  git('rm', '-q', 'ours gone');
  git('add', '.');
  git('commit', '-qm', 'main');
  run(['merge', 'side']);
  const found = await status(await repository.handle(), QUERY);
  expect(found.entries).toEqual(plainStatus(repository));
  expect(found.entries.map(({ conflict }) => conflict)).toEqual(['AA', 'UU', 'DU', 'UD']);
  expect(found.counts.conflicts).toBe(4);
  await repository.remove();
});

test(
  verifies('C10.repository-bombs', '200,000 entries are counted, and a few are kept'),
  { timeout: 180_000 },
  async () => {
    const repository = makeRepository();
    const blob = repository.run(['hash-object', '-w', '--stdin'], 'x').out.trim();
    const lines = Array.from(
      { length: 200_000 },
      (_, at) =>
        `100644 ${blob}\tdirectory-${String(at % 100)}/a-rather-long-name-of-a-file-${String(at)}`,
    );
    repository.run(['update-index', '--index-info'], `${lines.join('\n')}\n`);
    const found = await status(await repository.handle(), { ...QUERY, limit: 5 });
    expect(found.entries).toHaveLength(5);
    expect(found.counts).toMatchObject({ staged: 200_000, unstaged: 200_000 });
    expect(found.truncated).toBe(true);
    await repository.remove();
  },
);

test(
  verifies('C10.repository-bombs', 'of a path that no file system holds the beginning is shown'),
  async () => {
    const own = makeRepository();
    const file = Buffer.from(own.run(['hash-object', '-w', '--stdin'], 'x').out.trim(), 'hex');
    const entries = ['a', 'b'].map((letter) =>
      Buffer.concat([
        Buffer.from(`100644 ${letter}`),
        Buffer.alloc(15_000, 0x80),
        Buffer.from([0]),
        file,
      ]),
    );
    const args = ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'];
    const tree = own.run(args, Buffer.concat(entries)).out.trim();
    const commit = own.git('commit-tree', tree, '-m', 'long').trim();
    own.git('update-ref', 'refs/heads/main', commit);
    const found = await status(await own.handle(), QUERY);
    expect(found.counts.staged).toBe(2);
    expect(found.entries.map(({ path }) => path.slice(0, 7))).toEqual(['a\\x{80}', 'b\\x{80}']);
    for (const { path } of found.entries) {
      expect(path.endsWith('…')).toBe(true);
      expect(path.length).toBeLessThanOrEqual(LIMITS.pathBytesMax + 1);
    }
    await own.remove();
  },
);
