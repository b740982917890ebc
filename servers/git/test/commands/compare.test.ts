import { join } from 'node:path';

import { readFileSync } from 'node:fs';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { compare, mergeBases } from '../../src/adapter/commands/compare.ts';
import { diff } from '../../src/adapter/commands/diff.ts';
import type { Oid } from '../../src/guard/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { groundOf } from './handle.ts';
import { makeRepository, type TestRepository } from './repository.ts';

let repository: TestRepository;
beforeAll(() => {
  repository = makeRepository();
  const { git, write, oid } = repository;
  // Each its own, so that a rename has one source only.
  const linesOf = (name: string): string =>
    Array.from({ length: 20 }, (_, at) => `${name.length} ${name} ${String(at)}\n`).join('');
  for (const name of ['both', 'line\nfeed', 'removed', 'renamed', 'calm', 'caf\xe9'])
    write(name, linesOf(name));
  git('add', '.');
  git('commit', '-qm', 'base');
  git('checkout', '-qb', 'side');
  for (const name of ['both', 'line\nfeed', 'caf\xe9', 'removed']) {
    write(name, `side\n${linesOf(name)}`);
  }
  git('mv', 'renamed', 'one');
  git('commit', '-qam', 'side');
  git('checkout', '-q', 'main');
  for (const name of ['both', 'line\nfeed', 'caf\xe9']) {
    write(name, `main\n${linesOf(name)}`);
  }
  git('rm', '-q', 'removed');
  git('mv', 'renamed', 'two');
  git('commit', '-qam', 'main one');
  git('commit', '--allow-empty', '-qm', 'main two');
  git('checkout', '-qb', 'calm', oid('main~2'));
  write('calm', `${linesOf('calm')}end\n`);
  git('commit', '-qam', 'calm');
  git('checkout', '-q', '--orphan', 'other');
  git('commit', '-qm', 'unrelated');
});
afterAll(() => repository.remove());

describe('equals plain git', () => {
  test.each([
    ['main', 'side'],
    ['side', 'main'],
    ['main', 'calm'],
    ['main', 'main~1'],
    ['main~2', 'main'],
    ['main', 'main'],
  ])('%s and %s', async (left, right) => {
    const [base, head] = [repository.oid(left), repository.oid(right)];
    const found = await compare(await repository.handle(), { base, head, limit: 50 });
    const list = (...args: string[]): string[] =>
      repository
        .git(...args)
        .split('\n')
        .filter(Boolean);
    expect(found.bases).toEqual(list('merge-base', '--all', left, right));
    expect(found.aheadCommits.map(({ oid }) => oid)).toEqual(list('rev-list', `${left}..${right}`));
    expect(found.behindCommits.map(({ oid }) => oid)).toEqual(
      list('rev-list', `${right}..${left}`),
    );
    expect([found.behind, found.ahead]).toEqual(
      list('rev-list', '--left-right', '--count', `${left}...${right}`)[0]?.split('\t').map(Number),
    );
    const merged = repository.run(['merge-tree', '--write-tree', left, right]);
    expect(found.merge.clean).toBe(merged.code === 0);
    expect(found.merge.tree).toBe(merged.code === 0 ? merged.out.trim() : undefined);
    expect(found.merge.conflictsTotal).toBe(found.merge.conflicts.length);
    expect(found.merge.clean).toBe(found.merge.conflicts.length === 0);
  });

  test('conflicts by their paths and kinds', async () => {
    const query = { base: repository.oid('main'), head: repository.oid('side'), limit: 5 };
    const { merge } = await compare(await repository.handle(), query);
    const byPath = new Map(merge.conflicts.map(({ path, kinds }) => [path, kinds]));
    expect(Object.fromEntries(byPath)).toEqual({
      both: ['contents'],
      'caf\\x{E9}': ['contents'],
      'line\\u{A}feed': ['contents'],
      removed: ['modify/delete'],
      renamed: ['rename/rename'],
      one: ['rename/rename'],
      two: ['rename/rename'],
    });
  });
});

describe(verifies('C6.travelling', 'a preview writes nothing into the repository'), () => {
  // Where the result is there already, git would set the time of its file, or of its pack, to now.
  test.each([
    ['loose objects', []],
    ['a pack', ['repack', '-adq']],
    ['a pack and loose objects', ['commit', '--allow-empty', '-qm', 'loose']],
  ])('%s', async (_, change) => {
    if (change.length > 0) repository.git(...change);
    for (const [left, right] of [
      ['main', 'side'],
      ['main', 'calm'],
      ['main', 'main~1'],
      ['main~2', 'calm'],
    ] as const) {
      const [base, head] = [repository.oid(left), repository.oid(right)];
      const handle = await repository.handle();
      const before = repository.digest();
      const { merge } = await compare(handle, { base, head, limit: 1 });
      expect(repository.digest()).toBe(before);
      expect(merge.clean).toBe(right !== 'side');
    }
  });

  test('the tree that it made is there for nobody else', async () => {
    const other = makeRepository();
    const { git, write, oid } = other;
    git('commit', '--allow-empty', '-qm', 'base');
    git('checkout', '-qb', 'side');
    write('side', 'x');
    git('add', '.');
    git('commit', '-qm', 'side');
    git('checkout', '-q', 'main');
    write('main', 'x');
    git('add', '.');
    git('commit', '-qm', 'main');
    const query = { base: oid('main'), head: oid('side'), limit: 1 };
    const { merge } = await compare(await other.handle(), query);
    expect(merge.clean).toBe(true);
    expect(other.run(['cat-file', '-e', merge.tree ?? '']).code).not.toBe(0);
    expect(other.git('merge-tree', '--write-tree', 'main', 'side').trim()).toBe(merge.tree);
    await other.remove();
  });
});

test('as many commits as asked for, and all are counted', async () => {
  const [base, head] = [repository.oid('main'), repository.oid('side')];
  const found = await compare(await repository.handle(), { base, head, limit: 1 });
  expect([found.ahead, found.behind, found.behindCommits.length]).toEqual([1, 2, 1]);
  expect(found.behindCommits[0]?.subject).toBe('main two');
});

test('histories without a common commit', async () => {
  const [base, head] = [repository.oid('main'), repository.oid('other')];
  const handle = await repository.handle();
  const found = compare(handle, { base, head, limit: 1 });
  await expect(found).rejects.toMatchObject({ code: 'history.unrelated' });
  expect(await mergeBases(await repository.handle(), base, head)).toEqual([]);
});

test(
  verifies('C10.repository-bombs', 'of many conflicts the first are listed, and all are counted'),
  async () => {
    const other = makeRepository();
    const { git, write, oid } = other;
    const write500 = (text: string): void => {
      for (let at = 0; at < 500; at += 1) write(`f${String(at)}`, text);
    };
    write500('base\n');
    git('add', '.');
    git('commit', '-qm', 'base');
    git('checkout', '-qb', 'side');
    write500('side\n');
    git('commit', '-qam', 'side');
    git('checkout', '-q', 'main');
    write500('main\n');
    git('commit', '-qam', 'main');
    const { merge } = await compare(await other.handle(), {
      base: oid('main'),
      head: oid('side'),
      limit: 5,
    });
    expect([merge.conflicts.length, merge.conflictsTotal]).toEqual([LIMITS.itemsMax, 500]);
    expect(merge.conflicts.every(({ kinds }) => kinds.includes('contents'))).toBe(true);
    await other.remove();
  },
);

/** Bytes of memory, of their own, that programs which this process started take at most until `end`. */
function childrenMemory(): { end(): number } {
  const children = `/proc/self/task/${String(process.pid)}/children`;
  let peak = 0;
  const timer = setInterval(() => {
    for (const pid of readFileSync(children, 'utf8').split(' ').filter(Boolean)) {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const [, kibibytes = '0'] = /^RssAnon:\s+(\d+)/m.exec(status) ?? [];
        peak = Math.max(peak, Number(kibibytes) * 1024);
      } catch {
        // It is gone.
      }
    }
  }, 10);
  return {
    end() {
      clearInterval(timer);
      return peak;
    },
  };
}

test.runIf(process.platform === 'linux').each([
  ['a file that both sides changed', 'f'],
  ['one that a side renamed', 'g'],
])(
  verifies('C10.repository-bombs', 'the memory of git is bounded: %s'),
  async (_, name) => {
    const other = makeRepository();
    const { git, write, oid } = other;
    const lines = '\n'.repeat(5_000_000);
    write('f', lines);
    git('add', '.');
    git('commit', '-qm', 'base');
    git('checkout', '-qb', 'side');
    write('f', `${lines}side\n`);
    git('commit', '-qam', 'side');
    git('checkout', '-q', 'main');
    if (name !== 'f') git('mv', 'f', name);
    write(name, `main\n${lines}`);
    git('commit', '-qam', 'main');
    const query = { base: oid('main'), head: oid('side'), limit: 1 };
    const handle = await other.handle();
    const memory = childrenMemory();
    const found = compare(handle, query);
    await expect(found).rejects.toMatchObject({ code: 'object.too_large' });
    expect(memory.end()).toBeLessThan(1.5 * LIMITS.processBytesMax);
    await other.remove();
  },
  60_000,
);

test('two commits are compared once', async () => {
  const handle = await repository.handle();
  const query = { base: repository.oid('main'), head: repository.oid('side'), limit: 5 };
  const first = await compare(handle, query);
  const ran = handle.ran.length;
  expect(await compare(handle, query)).toBe(first);
  expect(handle.ran).toHaveLength(ran);
});

describe(verifies('C3.repository', 'a preview opens nothing but objects'), () => {
  /** Another repository of the machine, with three commits in a row. */
  let victim: TestRepository;
  let commits: readonly string[];
  beforeAll(() => {
    victim = makeRepository();
    commits = ['one', 'two', 'three'].map((message) => {
      victim.git('commit', '--allow-empty', '-qm', message);
      return victim.oid('HEAD');
    });
  });
  afterAll(() => victim.remove());

  /** Two sides and their base, each a tree with a submodule at a path whose steps git does not check. */
  function sidesWith(hostile: TestRepository, steps: readonly string[]): { base: Oid; head: Oid } {
    const [origin, ours, theirs] = commits.map((commit) =>
      steps.toReversed().reduce((inner, name, at) => {
        const entry = at === 0 ? `160000 ${name}\0` : `40000 ${name}\0`;
        const tree = Buffer.concat([Buffer.from(entry), Buffer.from(inner, 'hex')]);
        const made = hostile.run(
          ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'],
          tree,
        );
        return made.out.trim();
      }, commit),
    );
    const commitOf = (tree = '', ...parents: readonly string[]): string => {
      const words = parents.flatMap((parent) => ['-p', parent]);
      return hostile.git('commit-tree', tree, '-m', 'x', ...words).trim();
    };
    const root = commitOf(origin);
    return { base: hostile.oid(commitOf(ours, root)), head: hostile.oid(commitOf(theirs, root)) };
  }

  test.each(['beneath the work tree', 'by steps of ..', 'by steps of .., from a linked work tree'])(
    'a submodule whose repository is elsewhere, %s',
    async (way) => {
      const hostile = makeRepository();
      hostile.git('commit', '--allow-empty', '-qm', 'x');
      hostile.write('sub/.git', `gitdir: ${join(victim.path, '.git')}\n`);
      const up = `${'../'.repeat(20)}${victim.path.slice(1)}`.split('/');
      const { base, head } = sidesWith(hostile, way.includes('..') ? up : ['sub']);
      const linked = join(hostile.path, 'linked');
      if (way.includes('linked')) hostile.git('worktree', 'add', '-q', linked);
      const ground = way.includes('linked') ? groundOf(linked) : undefined;
      const handle = await (ground?.open() ?? hostile.handle());
      const { merge } = await compare(handle, { base, head, limit: 1 });
      await ground?.close();
      // The history of the other repository says that one of the two contains the other.
      expect(hostile.run(['merge-tree', '--write-tree', base, head]).code).toBe(0);
      expect(merge.clean).toBe(false);
      await hostile.remove();
    },
  );

  test('attributes that names in a tree lead to', async () => {
    const hostile = makeRepository();
    const { git, run } = hostile;
    const blob = (text: string): string => run(['hash-object', '-w', '--stdin'], text).out.trim();
    const treeOf = (text: string): string =>
      [...Array.from({ length: 20 }, () => '..'), ...victim.path.split('/').slice(1), 'file']
        .toReversed()
        .reduce((inner, name, at) => {
          const entry = at === 0 ? `100644 ${name}\0` : `40000 ${name}\0`;
          const tree = Buffer.concat([Buffer.from(entry), Buffer.from(inner, 'hex')]);
          return run(
            ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'],
            tree,
          ).out.trim();
        }, blob(text));
    const [root, ours, theirs] = ['1\n', '2\n', '3\n'].map((text) => treeOf(text));
    const first = git('commit-tree', root ?? '', '-m', 'x').trim();
    const base = hostile.oid(git('commit-tree', ours ?? '', '-p', first, '-m', 'x').trim());
    const head = hostile.oid(git('commit-tree', theirs ?? '', '-p', first, '-m', 'x').trim());
    victim.write('.gitattributes', '* merge=union -diff\n');
    const { merge } = await compare(await hostile.handle(), { base, head, limit: 1 });
    expect(run(['merge-tree', '--write-tree', base, head]).code).toBe(0);
    expect(merge.clean).toBe(false);
    const changes = await diff(await hostile.handle(), {
      paths: [],
      context: 3,
      ignoreWhitespace: false,
      patch: true,
      patchBytes: 4096,
      skip: 0,
      limit: 9,
      what: { mode: 'objects', base, head },
    });
    expect(changes.files.map(({ binary }) => binary)).toEqual([false]);
    await hostile.remove();
  });
});
