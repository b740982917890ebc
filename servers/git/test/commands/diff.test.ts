import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { diff } from '../../src/adapter/commands/diff.ts';
import type { ChangedFile, Changes, DiffQuery } from '../../src/adapter/index.ts';
import type { Oid } from '../../src/guard/index.ts';
import { plainChanges } from './plain.ts';
import { makeRepository, type TestRepository, treePathOf } from './repository.ts';

const QUERY: Omit<DiffQuery, 'what'> = {
  paths: [],
  context: 3,
  ignoreWhitespace: false,
  patch: true,
  patchBytes: 262_144,
  skip: 0,
  limit: 200,
};

const FLAGS = ['--ignore-submodules=dirty'];

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

let repository: TestRepository;
beforeAll(() => {
  repository = makeRepository();
  const { write, git, path } = repository;
  const lines = Array.from({ length: 40 }, (_, at) => `line ${String(at)}\n`).join('');
  for (const name of [
    'changed',
    'src/deep/old.ts',
    'src/deep/moved.ts',
    'top moved',
    'a => b',
    'gone',
    'kind',
    'mode',
    'touched',
    'space',
    'line\ndiff --git a/evil b/evil\n@@ -1 +1 @@\n-x',
    'quote"d',
    'caf\xe9',
    'caf\u00c3\u00a9',
  ]) {
    write(name, `${name}\n${lines}`);
  }
  write('binary', Buffer.from([0, 1, 2, 3]));
  write('touched binary', Buffer.from([0, 1, 2, 3]));
  write('no newline', 'x');
  git('add', '.');
  git('commit', '-qm', 'one');
  write('changed', `other\n${lines}more\n`);
  git('mv', 'src/deep/old.ts', 'src/deep/new.ts');
  git('mv', 'src/deep/moved.ts', 'src/moved.ts');
  git('mv', 'top moved', 'sub');
  git('mv', 'quote"d', 'quote"s');
  git('rm', '-q', 'gone', 'kind');
  // Two patches with one beginning: the file is gone, and a link is made.
  symlinkSync('changed', join(path, 'kind'));
  write('a => b', `a => b\n${lines}x\n`);
  write('binary', Buffer.from([0, 1, 2, 3, 4]));
  write('line\ndiff --git a/evil b/evil\n@@ -1 +1 @@\n-x', 'new\n');
  write('caf\xe9', 'new\n');
  write('no newline', 'y');
  write('added', 'diff --git a/evil b/evil\n--- a/evil\n');
  git('add', '.');
  write('changed', 'not staged\n');
  write('caf\u00c3\u00a9', 'not staged\n');
  write('space', `space\n${lines.replaceAll(' ', '  ')}`);
  chmodSync(join(path, 'mode'), 0o755);
  for (const name of ['touched', 'touched binary']) utimesSync(join(path, name), 1, 1);
});
afterAll(() => repository.remove());

describe('equals plain git', () => {
  const compare = async (what: DiffQuery['what'], ...plain: string[]): Promise<Changes> => {
    const found = await diff(await repository.handle(), { ...QUERY, what });
    // Plain git refreshes its index here, so it comes second.
    const files = plainChanges(repository, 'diff', ...FLAGS, ...plain);
    expect(found.files).toEqual(files);
    expect(found.patch).toBe(text(repository.git('diff', ...FLAGS, '--full-index', ...plain)));
    const sum = (key: 'added' | 'removed'): number =>
      files.reduce((total, file) => total + (file[key] ?? 0), 0);
    expect(found.totals).toEqual({
      files: files.length,
      added: sum('added'),
      removed: sum('removed'),
    });
    expect([found.withheld, found.next, found.truncated]).toEqual([[], undefined, false]);
    return found;
  };

  test('unstaged, where times changed and contents did not', async () => {
    const { files } = await compare({ mode: 'unstaged' });
    expect(files.map(({ path }) => path)).toEqual(['caf\u00e9', 'changed', 'mode', 'space']);
  });
  test('staged', async () => {
    const { files } = await compare({ mode: 'staged', base: repository.oid('HEAD') }, '--cached');
    expect(files.filter(({ kind }) => kind === 'renamed')).toHaveLength(4);
    expect(files.filter(({ kind }) => kind === 'type changed')).toHaveLength(1);
  });
  test('work tree against a commit', async () => {
    const { totals } = await compare({ mode: 'worktree', base: repository.oid('HEAD') }, 'HEAD');
    expect(totals.files).toBeGreaterThan(8);
  });
  test('two trees', async () => {
    const head = repository.git('write-tree').trim();
    const objects = {
      mode: 'objects',
      base: repository.oid('HEAD'),
      head: repository.oid(head),
    } as const;
    await compare(objects, 'HEAD', head);
    const empty = repository.run(['hash-object', '-t', 'tree', '--stdin']).out.trim();
    const { files } = await compare({ ...objects, base: undefined }, empty, head);
    expect(new Set(files.map(({ kind }) => kind))).toEqual(new Set(['added']));
  });
  test('white space, context, paths', async () => {
    const query = {
      ...QUERY,
      what: { mode: 'unstaged' },
      context: 0,
      ignoreWhitespace: true,
    } as const;
    const paths = [treePathOf('space'), treePathOf('changed')];
    const found = await diff(await repository.handle(), { ...query, paths });
    const flags = [...FLAGS, '--full-index', '-U0', '-w'];
    expect(found.patch).toBe(text(repository.git('diff', ...flags, '--', 'space', 'changed')));
    expect(found.patch).not.toContain('space');
    // Gits before 2.54 list the file whose only change is not looked at, newer ones leave it out.
    const names = repository.git('diff', '--name-only', '-w', '--', 'space', 'changed');
    expect(found.files.map(({ path }) => path)).toEqual(names.trim().split('\n'));
    const space = found.files.filter(({ path }) => path === 'space');
    expect(space.map(({ added, removed }) => [added, removed])).toEqual(space.map(() => [0, 0]));
    expect(found.withheld).toEqual([]);
  });
});

test('a conflict, against both sides', async () => {
  const conflicted = makeRepository();
  const { git, write, run } = conflicted;
  for (const name of ['both', 'one side', 'other']) write(name, 'base\n');
  git('add', '.');
  git('commit', '-qm', 'base');
  git('checkout', '-qb', 'side');
  for (const name of ['both', 'one side']) write(name, 'side\n');
  git('commit', '-qam', 'side');
  git('checkout', '-q', 'main');
  write('both', 'main\n');
  git('rm', '-q', 'one side');
  git('commit', '-qam', 'main');
  run(['merge', 'side']);
  write('other', 'changed\n');
  const unstaged = await diff(await conflicted.handle(), { ...QUERY, what: { mode: 'unstaged' } });
  const plain = text(git('diff', '--full-index'));
  expect(plain).toContain('diff --cc both');
  const lines = (patch: string): string[] => patch.split('\n').toSorted();
  expect(lines(unstaged.patch)).toEqual(lines(plain));
  expect(unstaged.files.map(({ path, kind }) => [path, kind])).toEqual([
    ['both', 'unmerged'],
    ['one side', 'unmerged'],
    ['other', 'modified'],
  ]);
  expect(unstaged.withheld).toEqual([]);
  const summary = await diff(await conflicted.handle(), {
    ...QUERY,
    patch: false,
    what: { mode: 'unstaged' },
  });
  const modeless = ({ path, kind }: ChangedFile): unknown => [path, kind];
  expect(summary.files.map(modeless)).toEqual(unstaged.files.map(modeless));
  expect(summary.totals).toEqual(unstaged.totals);
  const base = conflicted.oid('HEAD');
  const staged = await diff(await conflicted.handle(), {
    ...QUERY,
    what: { mode: 'staged', base },
  });
  expect(staged.patch).toBe(text(git('diff', '--cached', '--full-index')));
  await conflicted.remove();
});

test(
  verifies('C10.hostile-trees', 'a conflict whose name holds a patch shows no patch'),
  async () => {
    const conflicted = makeRepository();
    const { git, write, run } = conflicted;
    const forged = 'x\ndiff --git a/other b/other\n+evil';
    write(forged, 'base\n');
    write('other', 'base\n');
    git('add', '.');
    git('commit', '-qm', 'base');
    git('checkout', '-qb', 'side');
    write(forged, 'side\n');
    git('commit', '-qam', 'side');
    git('checkout', '-q', 'main');
    git('rm', '-q', forged);
    git('commit', '-qm', 'main');
    run(['merge', 'side']);
    write('other', 'honest\n');
    const found = await diff(await conflicted.handle(), { ...QUERY, what: { mode: 'unstaged' } });
    expect(text(git('diff'))).toContain('+evil');
    expect(found.patch).not.toContain('evil');
    expect(found.withheld).toContain('other');
    await conflicted.remove();
  },
);

describe('pages', () => {
  const what = { mode: 'objects', base: undefined } as const;
  const head = (): DiffQuery['what'] => ({ ...what, head: repository.oid('HEAD') });

  test('all pages together are the whole', async () => {
    const whole = await diff(await repository.handle(), { ...QUERY, what: head() });
    for (const page of [{ limit: 3 }, { patchBytes: 1500 }, { limit: 2, patchBytes: 700 }]) {
      let skip = 0;
      let patch = '';
      const files = [];
      const withheld = [];
      for (let turn = 0; turn < 40; turn += 1) {
        const part = await diff(await repository.handle(), {
          ...QUERY,
          ...page,
          skip,
          what: head(),
        });
        expect(part.totals).toEqual(whole.totals);
        expect(Buffer.byteLength(part.patch)).toBeLessThanOrEqual(page.patchBytes ?? Infinity);
        expect(part.truncated).toBe(part.next !== undefined);
        files.push(...part.files);
        withheld.push(...part.withheld);
        patch += part.patch;
        if (part.next === undefined) break;
        expect(part.next).toBeGreaterThan(skip);
        skip = part.next;
      }
      expect(files).toEqual(whole.files);
      if (withheld.length === 0) expect(patch).toBe(whole.patch);
      else expect(withheld.length + patch.split('\ndiff --git ').length).toBe(files.length);
    }
  });

  test(
    verifies(
      'C10.repository-bombs',
      'a patch that is larger than a page is withheld, and what follows is not',
    ),
    async () => {
      const other = makeRepository();
      other.write('a', 'small\n');
      other.write('b', 'x'.repeat(3_000_000));
      other.write('c', 'line\n'.repeat(700_000));
      other.write('d', 'small\n');
      other.git('add', '.');
      other.git('commit', '-qm', 'one');
      const found = await diff(await other.handle(), {
        ...QUERY,
        what: { ...what, head: other.oid('HEAD') },
      });
      expect(found.withheld).toEqual(['b', 'c']);
      expect(found.files.map(({ path, added }) => [path, added])).toEqual([
        ['a', 1],
        ['b', 1],
        ['c', 700_000],
        ['d', 1],
      ]);
      expect(found.patch.match(/^diff --git .*/gm)).toEqual([
        'diff --git a/a b/a',
        'diff --git a/d b/d',
      ]);
      expect(found.next).toBeUndefined();
      await other.remove();
    },
  );

  test(
    verifies(
      'C10.repository-bombs',
      'a file above the threshold is binary, and nothing of it is loaded',
    ),
    async () => {
      const other = makeRepository();
      other.write('large', 'text\n'.repeat(1_000_000));
      other.git('add', '.');
      other.git('commit', '-qm', 'one');
      const found = await diff(await other.handle(), {
        ...QUERY,
        what: { ...what, head: other.oid('HEAD') },
      });
      expect(found.files).toMatchObject([{ path: 'large', binary: true, added: undefined }]);
      expect(found.patch).toContain('Binary files /dev/null and b/large differ');
      await other.remove();
    },
  );

  test('what a program wrote is listed, and shown when it is named', async () => {
    const other = makeRepository();
    other.write('package-lock.json', '{}\n');
    other.write('dist/x.min.js', 'x\n');
    other.write('src.ts', 'x\n');
    other.git('add', '.');
    other.git('commit', '-qm', 'one');
    const query = { ...QUERY, what: { ...what, head: other.oid('HEAD') } };
    const found = await diff(await other.handle(), query);
    expect(found.files).toHaveLength(3);
    expect(found.withheld).toEqual(['dist/x.min.js', 'package-lock.json']);
    expect(found.patch).not.toContain('lock');
    const named = await diff(await other.handle(), {
      ...query,
      paths: [treePathOf('package-lock.json')],
    });
    expect([named.withheld, named.patch.includes('b/package-lock.json')]).toEqual([[], true]);
    await other.remove();
  });

  test('without patches', async () => {
    const found = await diff(await repository.handle(), { ...QUERY, patch: false, what: head() });
    expect([found.patch, found.withheld]).toEqual(['', []]);
    expect(found.files.length).toBeGreaterThan(10);
  });
});

describe('two commits', () => {
  let commits: { readonly mode: 'objects'; readonly base: Oid; readonly head: Oid };
  beforeAll(() => {
    const { git, oid } = repository;
    const tree = git('write-tree').trim();
    const head = git('commit-tree', '-p', 'HEAD', '-m', 'two', tree).trim();
    commits = { mode: 'objects', base: oid('HEAD'), head: oid(head) };
  });
  afterEach(() => rmSync(join(repository.path, '.git/info/attributes'), { force: true }));

  test('are compared as plain git compares them, without a command of their own', async () => {
    const { base, head } = commits;
    for (const what of [commits, { mode: 'objects', base: head, head: base } as const]) {
      const handle = await repository.handle();
      const { files, patch } = await diff(handle, { ...QUERY, what });
      expect(handle.ran).toEqual([]);
      expect(files).toEqual(plainChanges(repository, 'diff', ...FLAGS, what.base, what.head));
      const plain = repository.git('diff', ...FLAGS, '--full-index', what.base, what.head);
      expect(patch).toBe(text(plain));
    }
  });

  test.each([
    ['a path', { paths: [treePathOf('added')] }],
    ['other lines around a change', { context: 4 }],
    ['white space', { ignoreWhitespace: true }],
  ])('%s is an argument, and wants a command', async (_, asked) => {
    const handle = await repository.handle();
    await diff(handle, { ...QUERY, ...asked, what: commits });
    expect(handle.ran).toHaveLength(1);
  });

  test('follow the attributes of the repository as soon as they change', async () => {
    const patches: string[] = [];
    for (const [limit, attributes] of [undefined, 'added -diff\n', '# none\n'].entries()) {
      if (attributes !== undefined) {
        mkdirSync(join(repository.path, '.git/info'), { recursive: true });
        writeFileSync(join(repository.path, '.git/info/attributes'), attributes);
      }
      // Another limit, so that no answer is remembered.
      const query = { ...QUERY, what: commits, limit: 100 + limit };
      const { patch } = await diff(await repository.handle(), query);
      patches.push(patch);
    }
    const hidden = 'Binary files /dev/null and b/added differ';
    expect(patches.map((patch) => patch.includes(hidden))).toEqual([false, true, false]);
  });

  test('are told with what a command says, when their content is gone', async () => {
    const { git, oid, path } = repository;
    const blob = git('rev-parse', `${commits.head}:added`).trim();
    const file = join(path, '.git/objects', blob.slice(0, 2), blob.slice(2));
    const content = readFileSync(file);
    rmSync(file);
    try {
      const what = { ...commits, base: oid('HEAD') };
      const asked = diff(await repository.handle(), { ...QUERY, what, limit: 99 });
      await expect(asked).rejects.toMatchObject({ code: 'object.missing' });
    } finally {
      writeFileSync(file, content);
    }
    const { files } = await diff(await repository.handle(), { ...QUERY, what: commits, limit: 98 });
    expect(files.length).toBeGreaterThan(8);
  });
});

test('objects are compared once', async () => {
  const handle = await repository.handle();
  const query = {
    ...QUERY,
    context: 9,
    what: { mode: 'objects', base: undefined, head: repository.oid('HEAD') },
  } as const;
  const first = await diff(handle, query);
  expect(await diff(handle, query)).toBe(first);
  expect(handle.ran).toHaveLength(1);
  await diff(handle, { ...query, context: 10 });
  expect(handle.ran).toHaveLength(2);
});

test(verifies('C6.travelling', 'nothing in the repository changes'), async () => {
  utimesSync(join(repository.path, 'touched'), 2, 2);
  const before = repository.digest();
  const base = repository.oid('HEAD');
  for (const what of [
    { mode: 'unstaged' },
    { mode: 'staged', base },
    { mode: 'worktree', base },
  ] as const) {
    await diff(await repository.handle(), { ...QUERY, what });
  }
  expect(repository.digest()).toBe(before);
});

test('a repository of sha256, before its first commit', async () => {
  const other = makeRepository('sha256');
  other.write('a', 'x\n');
  other.git('add', 'a');
  const found = await diff(await other.handle(), {
    ...QUERY,
    what: { mode: 'staged', base: undefined },
  });
  expect(found.files).toMatchObject([{ path: 'a', kind: 'added', added: 1 }]);
  await other.remove();
});

test('a call that is cancelled ends', async () => {
  const handle = await repository.handle();
  const found = diff(handle, { ...QUERY, what: { mode: 'unstaged' } });
  handle.cancel();
  await expect(found).rejects.toThrow(/abort/);
});

test('the numbers of renames find their files, however the names are built', async () => {
  const other = makeRepository();
  const names = [
    ['a/b/c', 'a/x/c'],
    ['b/c/c', 'b/c'],
    ['c/c', 'c/c/c'],
    ['d', 'e/d'],
    ['f/f', 'f2'],
    ['g/mid/mid/end', 'g/mid/end'],
    ['h => i', 'h/{i => j}'],
    ['k"q', 'k/plain'],
    ['l/one.ts', 'm/one.ts'],
    ['n.x/y', 'n.z/y'],
    ['o/p/q/r', 'o/q/r'],
  ] as const;
  for (const [at, [from]] of names.entries()) {
    other.write(
      from,
      Array.from({ length: 30 }, (_, line) => `${String(at * 1000 + line)}\n`).join(''),
    );
  }
  other.git('add', '.');
  other.git('commit', '-qm', 'one');
  for (const [from] of names) other.git('rm', '-q', from);
  for (const [at, [, to]] of names.entries()) {
    const lines = Array.from({ length: 30 + at }, (_, line) => `${String(at * 1000 + line)}\n`);
    other.write(to, `first\n${lines.join('')}`);
  }
  other.git('add', '.');
  const base = other.oid('HEAD');
  const { files } = await diff(await other.handle(), { ...QUERY, what: { mode: 'staged', base } });
  expect(files).toEqual(plainChanges(other, 'diff', '--cached'));
  expect(files.filter(({ kind }) => kind === 'renamed')).toHaveLength(names.length);
  await other.remove();
});

test(
  verifies(
    'C10.repository-bombs',
    'a name of 70,000 bytes is refused, and not shortened to another',
  ),
  async () => {
    const other = makeRepository();
    const blob = other.run(['hash-object', '-w', '--stdin'], 'x').out.trim();
    const entry = `100644 blob ${blob}\t${'n'.repeat(70_000)}\n`;
    const head = other.oid(other.run(['mktree'], entry).out.trim());
    const query = { ...QUERY, what: { mode: 'objects', base: undefined, head } } as const;
    // Not the answer itself: a failure would print the name.
    const refused = await diff(await other.handle(), query).then(
      () => undefined,
      (error: unknown) => error instanceof Refusal && error.code,
    );
    expect(refused).toBe('repository.too_large');
    await other.remove();
  },
);

describe(verifies('C3.repository', 'of what lies elsewhere only the name is told'), () => {
  let hostile: TestRepository;
  let victim: TestRepository;
  let commit: string;
  beforeAll(() => {
    victim = makeRepository();
    victim.git('commit', '--allow-empty', '-qm', 'secret');
    commit = victim.oid('HEAD');
    hostile = makeRepository();
    const { git, write, run } = hostile;
    write('file', 'x\n');
    write('honest', 'x\n');
    write('x b/x', 'x\n');
    write('x', 'moved\n');
    const unknown = '1'.repeat(40);
    const index = ['gitlink', 'token'].map((name) => `160000 ${unknown} 0\t${name}\n`).join('');
    run(['update-index', '--add', '--index-info'], index);
    git('add', 'file', 'honest', 'x', 'x b/x');
    git('commit', '-qm', 'one');
    write('intended', 'x\n');
    // Its patch begins with the same line as that of the file `x b/x`.
    write('x b/x b/x', 'moved\n');
    git('add', '--intent-to-add', 'intended', 'x b/x b/x');
    const stages = [1, 2, 3].map((stage) => `160000 ${String(stage).repeat(40)} ${stage}\tboth\n`);
    run(['update-index', '--index-info'], stages.join(''));
    write('honest', 'y\n');
    for (const name of ['file', 'intended', 'x', 'x b/x']) rmSync(join(hostile.path, name));
    for (const name of ['gitlink', 'file', 'intended', 'x b/x', 'both'])
      write(`${name}/.git`, `gitdir: ${join(victim.path, '.git')}\n`);
    // A ref that is a link to any file with forty digits, such as a token.
    writeFileSync(join(victim.path, 'token'), `${TOKEN}\n`);
    write('token/.git/HEAD', 'ref: refs/heads/main\n');
    mkdirSync(join(hostile.path, 'token/.git/refs/heads'), { recursive: true });
    mkdirSync(join(hostile.path, 'token/.git/objects'));
    symlinkSync(join(victim.path, 'token'), join(hostile.path, 'token/.git/refs/heads/main'));
  });
  afterAll(async () => {
    await hostile.remove();
    await victim.remove();
  });

  const TOKEN = 'deadbeefcafebabe0123456789abcdef01234567';
  const CASES = ['gitlink', 'token', 'file', 'intended', 'x b/x', 'both', 'honest'] as const;

  test('plain git tells it', () => {
    expect(hostile.git('diff', ...FLAGS)).toContain(commit);
    expect(hostile.git('diff', ...FLAGS)).toContain(TOKEN);
    expect(hostile.git('diff', '--ignore-submodules=all')).toContain(commit);
  });

  test.each(CASES.flatMap((name) => [[name, 'unstaged'] as const, [name, 'worktree'] as const]))(
    '%s, %s',
    async (name, mode) => {
      const base = hostile.oid('HEAD');
      const what = mode === 'unstaged' ? { mode } : { mode, base };
      for (const paths of [[treePathOf(name)], []]) {
        const told = await diff(await hostile.handle(), { ...QUERY, paths, what });
        expect(JSON.stringify(told)).not.toContain(commit);
        expect(JSON.stringify(told)).not.toContain(TOKEN);
        if (name === 'gitlink' || name === 'token')
          expect(told.files.map(({ path }) => path)).not.toContain(name);
        if (paths.length > 0) expect(/^\+/m.test(told.patch)).toBe(name === 'honest');
      }
    },
  );

  test('a submodule that is staged is shown, from the index', async () => {
    const other = makeRepository();
    other.git('commit', '--allow-empty', '-qm', 'one');
    const entry = `160000,${TOKEN},library`;
    other.git('update-index', '--add', '--cacheinfo', entry);
    const staged = { mode: 'staged', base: other.oid('HEAD') } as const;
    const told = await diff(await other.handle(), { ...QUERY, what: staged });
    expect(told.patch).toBe(text(other.git('diff', '--cached', '--full-index')));
    expect(told.patch).toContain(`+Subproject commit ${TOKEN}`);
    const unstaged = await diff(await other.handle(), { ...QUERY, what: { mode: 'unstaged' } });
    expect(unstaged.files).toEqual([]);
    await other.remove();
  });

  test('a submodule within a directory that a sparse index holds as one entry', async () => {
    const sparse = makeRepository();
    const { git, write, run, path } = sparse;
    write('keep/file', 'x\n');
    write('inner/file', 'x\n');
    git('add', '.');
    git('commit', '-qm', 'one');
    git('sparse-checkout', 'set', '--cone', '--sparse-index', 'keep');
    const query = { ...QUERY, what: { mode: 'unstaged' } as const };
    expect((await diff(await sparse.handle(), query)).files).toEqual([]);
    const entry = `160000 commit ${TOKEN}\tlibrary\n`;
    const crafted = run(['mktree', '--missing'], entry).out.trim();
    const index = readFileSync(join(path, '.git/index')).toString('hex');
    const collapsed = git('rev-parse', 'HEAD:inner').trim();
    expect(index).toContain(collapsed);
    writeFileSync(join(path, '.git/index'), index.replaceAll(collapsed, crafted), 'hex');
    write('inner/library/.git', `gitdir: ${join(victim.path, '.git')}\n`);
    expect(git('diff', ...FLAGS)).toContain(commit);
    await expect(diff(await sparse.handle(), query)).rejects.toMatchObject({
      code: 'repository.broken',
    });
    await sparse.remove();
  });

  test('a pipe in the place of a conflict is not opened', async () => {
    const piped = makeRepository();
    const stages = [1, 2, 3].map((stage) => {
      const { out } = piped.run(['hash-object', '-w', '--stdin'], String(stage));
      return `100644 ${out.trim()} ${stage}\tpipe\n`;
    });
    piped.run(['update-index', '--index-info'], stages.join(''));
    execFileSync('mkfifo', [join(piped.path, 'pipe')]);
    const told = await diff(await piped.handle(), { ...QUERY, what: { mode: 'unstaged' } });
    expect(told.withheld).toEqual(['pipe']);
    await piped.remove();
  });

  test('lines behind a link are neither shown nor counted, and no attributes are read there', async () => {
    const linked = makeRepository();
    linked.write('directory/file', 'x\n');
    linked.write('other', 'x\n');
    linked.git('add', '.');
    linked.git('commit', '-qm', 'one');
    linked.write('other', 'y\n');
    rmSync(join(linked.path, 'directory'), { recursive: true });
    symlinkSync(victim.path, join(linked.path, 'directory'));
    victim.write('.gitattributes', '* -diff\n');
    const base = linked.oid('HEAD');
    for (const what of [{ mode: 'unstaged' } as const, { mode: 'worktree', base } as const]) {
      const told = await diff(await linked.handle(), { ...QUERY, what });
      const [file] = told.files;
      expect(file).toMatchObject({ path: 'directory/file', kind: 'deleted', binary: false });
      expect([file?.added, file?.removed]).toEqual([undefined, undefined]);
      expect(told.totals).toEqual({ files: 2, added: 1, removed: 1 });
      expect(told.withheld).toEqual(['directory/file']);
      expect(told.patch).toContain('+y');
    }
    await linked.remove();
  });
});
