import {
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { makeTemp, treeDigest, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createRepositories, findGit, type Repositories } from '../../src/adapter/index.ts';
import { type Oid, parseRepositoryId, parseRevision } from '../../src/guard/index.ts';
import { buildRepository, commit, git, type Ground, groundIn, SECRET } from './fixture.ts';
import { someTime } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let repositories: Repositories;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  repositories = served(findGit(undefined) ?? '');
});
afterEach(async () => {
  await repositories.close();
  temp.remove();
});

/** Names of roots that the caller may use. */
const ROOTS = ['root', 'app'];
const warnings: string[] = [];
function served(binary: string): Repositories {
  return createRepositories({
    roots: [
      { name: 'root', path: ground.root },
      { name: 'app', path: join(ground.root, 'app') },
    ],
    git: binary,
    privateDirectory: ground.private,
    prefix: 'secure-mcp-git-',
    onWarning: (warning) => warnings.push(warning),
  });
}

const open = (id: string): ReturnType<Repositories['open']> =>
  repositories.open(parseRepositoryId(id), someTime(), ROOTS);

test('a repository is opened by its id, and read', async () => {
  const repository = await open('root/app');
  expect(repository).toMatchObject({ id: 'root/app', bare: false, warnings: [] });
  const head = await repository.head();
  expect(head).toBe(git(join(ground.root, 'app'), ['rev-parse', 'HEAD']).trim());
  expect(await repository.commitOf(parseRevision('HEAD'))).toBe(head);
  const status = await repository.status({ untracked: 'normal', paths: [], limit: 10 });
  expect(status).toMatchObject({ branch: 'main', entries: [] });
  expect((await open('app')).id).toBe('app');
});

test('before the first commit there is no HEAD', async () => {
  git(ground.root, ['init', '--quiet', 'fresh']);
  expect(await (await open('root/fresh')).head()).toBeUndefined();
});

test('a HEAD whose commit is gone, or whose branch is garbage, is not one before the first commit', async () => {
  const app = join(ground.root, 'app');
  const branch = git(app, ['symbolic-ref', 'HEAD']).trim();
  const oid = git(app, ['rev-parse', 'HEAD']).trim();
  rmSync(join(app, '.git/objects', oid.slice(0, 2), oid.slice(2)));
  await expect((await open('app')).head()).rejects.toMatchObject({ code: 'object.missing' });
  writeFileSync(join(app, '.git', branch), 'garbage\n');
  await expect((await open('app')).head()).rejects.toMatchObject({ code: 'repository.broken' });
  writeFileSync(join(app, '.git/HEAD'), `${oid}\n`);
  await expect((await open('app')).head()).rejects.toMatchObject({ code: 'object.missing' });
});

test('what is not there, not served and not a repository has one answer', async () => {
  mkdirSync(join(ground.root, 'plain'));
  symlinkSync(join(ground.outside, 'app'), join(ground.root, 'link'));
  git(ground.root, ['clone', '--quiet', '--bare', 'app', 'embedded.git']);
  for (const id of ['root/missing', 'root/plain', 'root/link', 'root/embedded.git', 'other/app']) {
    await expect(open(id)).rejects.toMatchObject({ code: 'repository.unknown' });
    const audited = repositories.audit(parseRepositoryId(id), someTime(), ROOTS);
    await expect(audited).rejects.toMatchObject({ code: 'repository.unknown' });
  }
});

test(
  verifies('C3.repository', 'a repository that leads outside is refused, and audited'),
  async () => {
    rmSync(join(ground.root, 'app/.git'), { recursive: true });
    writeFileSync(join(ground.root, 'app/.git'), `gitdir: ${join(ground.outside, 'app/.git')}\n`);
    await expect(open('root/app')).rejects.toMatchObject({ code: 'repository.refused' });
    const audit = await repositories.audit(parseRepositoryId('root/app'), someTime(), ROOTS);
    expect(audit).toMatchObject({ refused: true, findings: [{ id: 'layout.gitfile' }] });
    expect(JSON.stringify(audit)).not.toContain(SECRET);
  },
);

test(verifies('C3.repository', 'one root does not open the other'), async () => {
  // Who may use only `app` must not get at what lies beside it by a file in `app`.
  buildRepository(join(ground.root, 'beside'), 'beside');
  mkdirSync(join(ground.root, 'app/inner'));
  writeFileSync(
    join(ground.root, 'app/inner/.git'),
    `gitdir: ${join(ground.root, 'beside/.git')}\n`,
  );
  await expect(open('app/inner')).rejects.toMatchObject({ code: 'repository.refused' });
  expect((await open('root/app/inner')).id).toBe('root/app/inner');
});

test('a linked work tree of a repository outside is read', async () => {
  const outside = join(ground.outside, 'app');
  git(outside, ['worktree', 'add', '--quiet', '-b', 'topic', join(ground.root, 'linked')]);
  const repository = await open('root/linked');
  const status = await repository.status({ untracked: 'normal', paths: [], limit: 10 });
  expect(status).toMatchObject({
    branch: 'topic',
    head: git(outside, ['rev-parse', 'topic']).trim(),
  });
});

test(
  verifies('C6.travelling', 'the preview of a merge sets no times in the repository'),
  async () => {
    const app = join(ground.root, 'app');
    const oid = async (text: string): Promise<Oid> =>
      (await open('root/app')).commitOf(parseRevision(text));
    git(app, ['checkout', '--quiet', '-b', 'side', 'HEAD~1']);
    commit(app, 'c.txt', 'side\n', 'side');
    git(app, ['checkout', '--quiet', 'main']);
    // The result is there already: git would set the times of its objects instead of writing them.
    const tree = git(app, ['merge-tree', '--write-tree', 'main', 'side']).trim();
    const [base, head] = [await oid('main'), await oid('side')];
    const before = treeDigest(app);
    const comparison = await (await open('root/app')).compare({ base, head, limit: 5 });
    expect(comparison.merge).toMatchObject({ clean: true, tree });
    expect(treeDigest(app)).toBe(before);
  },
);

test('calls beside each other see the same repository', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => open('root/app')));
  const heads = await Promise.all(all.map((repository) => repository.head()));
  expect(new Set(heads).size).toBe(1);
  const [own = ''] = readdirSync(ground.private);
  // `blank` and the one of the repository.
  expect(readdirSync(join(ground.private, own))).toHaveLength(2);
});

test('a private directory that was cleaned away is made again', async () => {
  await (await open('root/app')).head();
  for (const name of readdirSync(ground.private))
    rmSync(join(ground.private, name), { recursive: true });
  const repository = await open('root/app');
  const status = await repository.status({ untracked: 'normal', paths: [], limit: 10 });
  expect(status.branch).toBe('main');
});

test('a call that was cancelled leaves nothing half seen', async () => {
  const cancelled = AbortSignal.abort(new Error('cancelled'));
  const run = { signal: cancelled, deadline: performance.now() + 60_000 };
  const id = parseRepositoryId('root/app');
  await expect(repositories.open(id, run, ROOTS)).rejects.toThrow('cancelled');
  expect((await open('root/app')).id).toBe('root/app');
});

test('the version of git is told; a git that is missing is said to be', async () => {
  expect((await repositories.git()).version).toMatch(/^2\.\d+\.\d+$/);
  const none = served(join(temp.path, 'no-git'));
  await expect(none.git()).rejects.toMatchObject({ code: 'git.missing' });
  await expect(none.open(parseRepositoryId('root/app'), someTime(), ROOTS)).rejects.toMatchObject({
    code: 'git.missing',
  });
  expect(await none.close()).toBe(true);
});

test(verifies('E12.private', 'nothing is left after the end'), async () => {
  const repository = await open('root/app');
  await repository.head();
  expect(await repositories.close()).toBe(true);
  expect(readdirSync(ground.private)).toEqual([]);
});

test(
  verifies('E12.private', 'a private directory that is taken away during a call ends it'),
  async () => {
    const repository = await open('root/app');
    const [name = ''] = readdirSync(ground.private);
    const place = join(ground.private, name);
    renameSync(place, join(temp.path, 'taken'));
    cpSync(join(temp.path, 'taken'), place, { recursive: true, verbatimSymlinks: true });
    const query = { untracked: 'normal', paths: [], limit: 10 } as const;
    await expect(repository.status(query)).rejects.toMatchObject({ code: 'repository.broken' });
    expect((await (await open('root/app')).status(query)).branch).toBe('main');
  },
);
