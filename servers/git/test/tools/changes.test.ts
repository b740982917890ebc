import { treeDigest, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Answer, type Caller, allPages, listOf, makeCaller } from './caller.ts';
import { makeWorld, type World } from './world.ts';

let world: World;
let caller: Caller;
beforeAll(() => {
  world = makeWorld();
  caller = makeCaller({ app: world.path });
});
afterAll(async () => {
  await caller?.close();
  world?.temp.remove();
});

test('git_status tells branch and files', async () => {
  const { output, text } = await caller.call('git_status');
  expect(output).toEqual({
    branch: { name: 'main', oid: world.git('rev-parse', 'HEAD').trim() },
    entries: [
      { path: 'README.md', unstaged: 'modified' },
      { path: 'staged.txt', staged: 'added' },
      { path: 'untracked.txt', untracked: true },
    ],
    counts: { staged: 1, unstaged: 1, untracked: 1, conflicts: 0, hidden: 0 },
    truncated: false,
  });
  expect(text).toContain('1 staged, 1 unstaged, 1 untracked.');
  const named = await caller.call('git_status', { paths: ['staged.txt'], untracked: 'none' });
  expect(listOf(named, 'entries')).toEqual([{ path: 'staged.txt', staged: 'added' }]);
  expect((await caller.call('git_status', { limit: 1 })).output['truncated']).toBe(true);
});

describe('git_diff', () => {
  const cases: readonly (readonly [args: object, plain: readonly string[]])[] = [
    [{}, []],
    [{ mode: 'staged' }, ['--cached']],
    [{ mode: 'staged', base: 'HEAD~1' }, ['--cached', 'HEAD~1']],
    [{ mode: 'head' }, ['HEAD']],
    [{ mode: 'head', base: 'v1.0' }, ['v1.0']],
    [{ mode: 'range', base: 'v1.0' }, ['v1.0', 'HEAD']],
    [{ mode: 'range', base: 'main', head: 'side' }, ['main', 'side']],
    [{ mode: 'range', base: 'main', head: 'side', merge_base: true }, ['main...side']],
    [
      { mode: 'range', base: 'v1.0~1', head: 'v1.0', context: 0, paths: ['src', '-O'] },
      ['-U0', 'v1.0~1', 'v1.0', '--', 'src', '-O'],
    ],
    [
      { mode: 'range', base: 'v1.0', context: 1, ignore_whitespace: true },
      ['-w', '-U1', 'v1.0', 'HEAD'],
    ],
    [{ mode: 'range', base: 'main', head: 'main' }, ['main', 'main']],
  ];

  test.each(cases)('%j is what plain git shows', async (args, plain) => {
    const answer = await caller.call('git_diff', { ...args, max_bytes: 262_144 });
    const shown = answer.output['patch'] ?? '';
    expect(shown).toBe(world.git('diff', '--full-index', ...plain));
    const numbers = world.lines('diff', '--numstat', '-z', ...plain);
    expect(numbers.length > 0).toBe(shown !== '');
  });

  test('a small page holds whole patches, and all pages hold all', async () => {
    const args = {
      mode: 'range',
      base: 'v1.0~1',
      head: 'v1.0',
      limit: 2,
      paths: ['docs', 'src', 'run.sh', '-O'],
    };
    let shown = '';
    let pages = 0;
    for (let cursor: unknown; pages === 0 || cursor !== undefined; pages += 1) {
      const { output }: Answer = await caller.call('git_diff', {
        ...args,
        ...(cursor !== undefined && { cursor }),
      });
      shown += String(output['patch'] ?? '');
      cursor = output['next_cursor'];
    }
    expect(pages).toBeGreaterThan(1);
    expect(shown).toBe(world.git('diff', '--full-index', 'v1.0~1', 'v1.0', '--', ...args.paths));
  });

  test('a summary has no patch', async () => {
    const { output, text } = await caller.call('git_diff', { mode: 'head', detail: 'summary' });
    expect(output).not.toHaveProperty('patch');
    expect(output['totals']).toEqual({ files: 2, added: 2, removed: 0 });
    expect(text).not.toContain('diff --git');
  });

  test('a range keeps its ends between pages; the work tree is refused when its end moved', async () => {
    world.git('branch', 'ends', 'v1.0');
    const range = { mode: 'range', base: 'v1.0~1', head: 'ends', detail: 'summary', limit: 2 };
    const first = await caller.call('git_diff', range);
    world.git('branch', '--force', 'ends', 'side');
    const second = await caller.call('git_diff', {
      ...range,
      limit: 200,
      cursor: first.output['next_cursor'],
    });
    const files = [...listOf(first, 'files'), ...listOf(second, 'files')];
    expect(files).toHaveLength(world.lines('diff', '--name-only', 'v1.0~1', 'v1.0').length);
    const staged = { mode: 'staged', base: 'ends', detail: 'summary', limit: 1 };
    const { output } = await caller.call('git_diff', staged);
    world.git('branch', '--force', 'ends', 'v1.0');
    await expect(
      caller.call('git_diff', { ...staged, cursor: output['next_cursor'] }),
    ).rejects.toMatchObject({ code: 'cursor.stale' });
    world.git('branch', '--delete', '--force', 'ends');
  });

  test('a page of the work tree is refused when another file has changed since', async () => {
    const asked = { mode: 'unstaged', detail: 'summary', limit: 1 };
    world.temp.write('app/README.md', 'changed\n');
    world.temp.write('app/src/app.ts', 'changed\n');
    const { output } = await caller.call('git_diff', asked);
    const cursor = output['next_cursor'];
    await caller.call('git_diff', { ...asked, cursor });
    world.git('checkout', '--quiet', '--', 'README.md');
    await expect(caller.call('git_diff', { ...asked, cursor })).rejects.toMatchObject({
      code: 'cursor.stale',
    });
    world.git('checkout', '--quiet', '--', 'src/app.ts');
  });

  test('histories that have nothing in common', async () => {
    world.git('checkout', '--quiet', '--orphan', 'alone');
    world.git('commit', '--quiet', '--message', 'Alone');
    world.git('checkout', '--quiet', '--force', 'main');
    const ends = { base: 'main', head: 'alone' };
    const three = caller.call('git_diff', { mode: 'range', merge_base: true, ...ends });
    await expect(three).rejects.toMatchObject({ code: 'history.unrelated' });
    await expect(caller.call('git_compare', ends)).rejects.toMatchObject({
      code: 'history.unrelated',
    });
    world.git('branch', '--delete', '--force', 'alone');
  });
});

describe('git_compare', () => {
  test(
    verifies('C6.travelling', 'a merge is tried, and nothing of the repository changes'),
    async () => {
      const before = treeDigest(world.path);
      const { output, text } = await caller.call('git_compare', { base: 'main', head: 'side' });
      expect(output).toMatchObject({
        base: world.git('rev-parse', 'main').trim(),
        head: world.git('rev-parse', 'side').trim(),
        ahead: { count: 1 },
        behind: { count: 3 },
        merge: { bases: [world.git('merge-base', 'main', 'side').trim()], clean: false },
        truncated: false,
      });
      expect(Object(output['merge']).conflicts).toEqual([
        expect.objectContaining({ path: 'src/app.ts' }),
      ]);
      expect(text).toContain('A merge would conflict in 1 path.');
      expect(treeDigest(world.path)).toBe(before);
    },
  );

  test('a merge without a conflict', async () => {
    const { output } = await caller.call('git_compare', { base: 'v1.0', head: 'topic', limit: 1 });
    expect(output).toMatchObject({
      ahead: { count: 1 },
      behind: { count: 0 },
      merge: { clean: true },
    });
    const cut = await caller.call('git_compare', { base: 'v1.0', head: 'main', limit: 1 });
    expect(cut.output).toMatchObject({ ahead: { count: 3 }, truncated: true });
    expect(Object(cut.output['ahead']).commits).toHaveLength(1);
  });
});

test('git_audit names what plain git would run, and git_repos goes on naming the repository', async () => {
  const clean = await caller.call('git_audit');
  expect(clean.output).toMatchObject({ refused: false, truncated: false });
  expect(listOf(clean, 'findings').filter(({ severity }) => severity === 'executes')).toEqual([]);
  const canary = `${world.temp.path}/canary`;
  world.git('config', 'core.fsmonitor', `touch ${canary}; false`);
  const { output, text } = await caller.call('git_audit');
  world.git('config', '--unset', 'core.fsmonitor');
  expect(output['findings']).toContainEqual(
    expect.objectContaining({ severity: 'executes', where: expect.stringMatching(/fsmonitor/i) }),
  );
  expect(text).not.toContain(canary);
  const repositories = await allPages(caller, 'git_repos', {}, 'repositories');
  expect(repositories).toEqual([
    expect.objectContaining({
      repo: 'app',
      branch: 'main',
      head: world.git('rev-parse', 'HEAD').trim(),
    }),
  ]);
});
