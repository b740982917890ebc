import { gitFixtures, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Caller, allPages, listOf, makeCaller, textField } from './caller.ts';
import { HOSTILE_MESSAGE, makeWorld, type World } from './world.ts';

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

describe('git_log', () => {
  const logged = async (args: object) =>
    (await allPages(caller, 'git_log', args, 'commits')).map(({ oid }) => oid);

  test.each([
    [{}, []],
    [{ to: 'side' }, ['side']],
    [{ from: 'side', to: 'main' }, ['side..main']],
    [{ path: 'src/app.ts' }, ['--', 'src/app.ts']],
    [{ path: 'docs/new.md', follow: true }, ['--follow', '--', 'docs/new.md']],
    [{ message: 'body' }, ['--grep=body', '--fixed-strings']],
    [{ message: 'b.dy' }, ['--grep=b.dy', '--fixed-strings']],
    [{ author: 'Ada' }, ['--author=Ada']],
    [{ author: 'Nobody' }, ['--author=Nobody']],
    [{ changed_text: 'topic' }, ['-Stopic']],
    [{ no_merges: true }, ['--no-merges']],
    [{ first_parent: true }, ['--first-parent']],
    [{ since: '2023-11-14T22:16:00Z' }, ['--since=2023-11-14T22:16:00Z']],
    [{ until: '2023-11-14T22:15:00Z' }, ['--until=2023-11-14T22:15:00Z']],
    [{ limit: 2, to: 'main' }, ['main']],
  ])('%j lists the commits that plain git lists', async (args, plain) => {
    expect(await logged(args)).toEqual(world.lines('log', '--format=%H', ...plain));
  });

  test('a commit is told as plain git tells it', async () => {
    const [told] = listOf(
      await caller.call('git_log', { to: 'v1.0~1', detail: 'message' }),
      'commits',
    );
    const fields = world.git(
      'log',
      '-1',
      '--format=%H%x00%an%x00%ae%x00%aI%x00%cn <%ce>%x00%s%x00%b',
      'v1.0~1',
    );
    const [oid, author, email, at, committer, subject, body = ''] = fields.split('\0');
    expect(told).toMatchObject({ oid, author, email, committer, subject, body: body.trimEnd() });
    expect(Date.parse(String(told?.['at']))).toBe(Date.parse(at ?? ''));
  });

  test('files of each commit, with renames and numbers', async () => {
    const [, changed] = listOf(
      await caller.call('git_log', { detail: 'files', first_parent: true }),
      'commits',
    );
    expect(changed?.['files']).toEqual([
      expect.objectContaining({ path: 'docs/new.md', from: 'docs/old.md', kind: 'renamed' }),
      { path: 'run.sh', kind: 'modified', added: 0, removed: 0, modes: '100644 100755' },
      { path: 'src/app.ts', kind: 'modified', added: 1, removed: 1 },
    ]);
  });

  test('pages are of one snapshot: a branch that moves changes nothing', async () => {
    world.git('branch', 'moving', 'main');
    const before = world.lines('log', '--format=%H', 'moving');
    const first = await caller.call('git_log', { to: 'moving', limit: 2 });
    world.git('branch', '--force', 'moving', 'side');
    const second = await caller.call('git_log', {
      to: 'moving',
      limit: 100,
      cursor: first.output['next_cursor'],
    });
    const oids = [...listOf(first, 'commits'), ...listOf(second, 'commits')].map(({ oid }) => oid);
    expect(oids).toEqual(before);
    world.git('branch', '--delete', '--force', 'moving');
  });

  test('a cursor fits no other question', async () => {
    const { output } = await caller.call('git_log', { limit: 1 });
    const cursor = output['next_cursor'];
    await expect(caller.call('git_log', { to: 'side', limit: 1, cursor })).rejects.toMatchObject({
      code: 'cursor.invalid',
    });
    await expect(caller.call('git_tree', { cursor })).rejects.toMatchObject({
      code: 'cursor.invalid',
    });
  });

  test(
    verifies('E9.marked', 'what an author wrote stands in the data, never in our words'),
    async () => {
      const { output } = await caller.call('git_log', { to: 'side', detail: 'message', limit: 1 });
      const [told] = listOf({ output, text: '', hidden: 0 }, 'commits');
      expect(`${String(told?.['subject'])}\n\n${String(told?.['body'])}`).toBe(HOSTILE_MESSAGE);
    },
  );
});

describe('git_show', () => {
  test.each(['HEAD~1', 'side', 'v1.0', 'HEAD~2', 'topic'])(
    'the patch of %s is the one of plain git',
    async (rev) => {
      const { output } = await caller.call('git_show', { rev, max_bytes: 262_144 });
      const plain = ['show', '--format=', '--full-index', '--find-renames', rev];
      expect(output['patch'] ?? '').toBe(world.git(...plain));
      expect(output).toMatchObject({
        kind: 'commit',
        oid: world.git('rev-parse', `${rev}^{commit}`).trim(),
      });
    },
  );

  test('the first commit is compared with nothing', async () => {
    const { output } = await caller.call('git_show', { rev: 'v1.0~1' });
    expect(output['files']).toEqual([{ path: 'README.md', kind: 'added', added: 4, removed: 0 }]);
  });

  test('a merge is compared with the parent that was asked for', async () => {
    for (const parent of [1, 2]) {
      const { output } = await caller.call('git_show', { rev: 'main', parent });
      const range = `main^${String(parent)}`;
      expect(output['patch']).toBe(world.git('diff', '--full-index', range, 'main'));
    }
    await expect(caller.call('git_show', { rev: 'main', parent: 3 })).rejects.toMatchObject({
      code: 'revision.unknown',
    });
  });

  test('a tag of a tag, and what it leads to', async () => {
    const { output, text } = await caller.call('git_show', { rev: 'nested', detail: 'meta' });
    expect(output).toMatchObject({
      kind: 'commit',
      tags: [
        { name: 'nested', kind: 'tag', message: 'A tag of a tag' },
        { name: 'release', kind: 'commit', message: 'The first release\n\nWith notes.' },
      ],
      commit: { subject: 'Add what is odd' },
    });
    expect(output).not.toHaveProperty('files');
    expect(text).toContain('The first release');
  });

  test('a tree is listed, a blob is read, both in pages', async () => {
    const tree = world.git('rev-parse', 'main^{tree}').trim();
    const entries = await allPages(caller, 'git_show', { rev: tree, limit: 3 }, 'entries');
    expect(entries.map(({ oid }) => oid)).toEqual(
      world.lines('ls-tree', '--format=%(objectname)', tree),
    );
    const blob = world.git('rev-parse', 'main:src/app.ts').trim();
    const { output } = await caller.call('git_show', { rev: blob, max_bytes: 1024 });
    const more = await caller.call('git_show', { rev: blob, cursor: output['next_cursor'] });
    const whole = `${String(output['text'])}\n${textField(more, 'text')}`;
    expect(whole.trimEnd()).toBe(world.git('cat-file', 'blob', blob).trimEnd());
  });

  test('patches that do not fit come with the next pages', async () => {
    const args = { rev: 'v1.0', max_bytes: 1024 };
    const files = await allPages(caller, 'git_show', args, 'files');
    const plain = world.lines('diff-tree', '-r', '--name-only', 'v1.0~1', 'v1.0');
    expect(files).toHaveLength(plain.length);
  });
});

test('git_refs tells what plain git tells', async () => {
  const refs = await allPages(caller, 'git_refs', { limit: 3 }, 'refs');
  const plain = world
    .lines('for-each-ref', '--format=%(refname) %(objectname) %(objecttype)')
    .map((line) => {
      const [name = '', oid = '', kind] = line.split(' ');
      const peeled = kind === 'tag' ? world.lines('rev-parse', `${oid}^{}`) : [];
      return `${name} ${oid} ${peeled.join('')}`;
    });
  expect(
    refs.map(({ name, oid, peeled }) => `${String(name)} ${String(oid)} ${String(peeled ?? '')}`),
  ).toEqual(plain);
  expect(refs.filter(({ current }) => current === true).map(({ name }) => name)).toEqual([
    'refs/heads/main',
  ]);
  const { output } = await caller.call('git_refs', { kinds: ['branch'], contains: 'topic' });
  expect(output).toMatchObject({ total: 2, truncated: false });
  const merged = await caller.call('git_refs', { kinds: ['branch'], merged_into: 'main' });
  expect(listOf(merged, 'refs').map(({ name }) => name)).toEqual([
    'refs/heads/main',
    'refs/heads/topic',
  ]);
  const named = await caller.call('git_refs', { name: 'RELEASE' });
  expect(listOf(named, 'refs').map(({ name }) => name)).toEqual(['refs/tags/release']);
});

test('git_reflog tells what plain git tells, and refuses a page that has moved', async () => {
  const entries = await allPages(caller, 'git_reflog', { limit: 3 }, 'entries');
  const plain = world.lines('log', '-g', '--format=%gd %H %gs', 'HEAD');
  const told = entries.map(
    (entry) => `${String(entry['selector'])} ${String(entry['oid'])} ${String(entry['message'])}`,
  );
  expect(told).toEqual(plain);
  const { output } = await caller.call('git_reflog', { ref: 'side', limit: 1 });
  gitFixtures.git(world.path, [
    'update-ref',
    '--create-reflog',
    '-m',
    'move',
    'refs/heads/side',
    'main',
  ]);
  const cursor = output['next_cursor'];
  await expect(caller.call('git_reflog', { ref: 'side', limit: 1, cursor })).rejects.toMatchObject({
    code: 'cursor.stale',
  });
  world.git('update-ref', '-m', 'back', 'refs/heads/side', 'side@{1}');
});

test('git_reflog: nothing was stashed yet, and a branch that is not there', async () => {
  const { output } = await caller.call('git_reflog', { ref: 'stash' });
  expect(output).toEqual({ entries: [], truncated: false });
  await expect(caller.call('git_reflog', { ref: 'nowhere' })).rejects.toMatchObject({
    code: 'revision.unknown',
  });
  const oid = world.git('stash', 'create').trim();
  world.git('stash', 'store', '--message', 'kept', oid);
  const [kept, ...more] = listOf(await caller.call('git_reflog', { ref: 'stash' }), 'entries');
  expect(kept).toMatchObject({
    selector: expect.stringContaining('stash@{0}'),
    oid,
    message: 'kept',
  });
  expect(more).toEqual([]);
});

test('git_contributors counts as plain git counts', async () => {
  const { output } = await caller.call('git_contributors', { rev: 'main' });
  const plain = world.lines('shortlog', '-sne', 'main').map((line) => line.trim().split('\t'));
  expect(output['contributors']).toEqual(
    plain.map(([commits, person = '']) => ({
      commits: Number(commits),
      name: person.replace(/ <.*/, ''),
      email: /<(.*)>/.exec(person)?.[1],
    })),
  );
  expect(output).toMatchObject({ commits: 5, total: 1, truncated: false });
});
