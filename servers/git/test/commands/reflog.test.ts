import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { reflog } from '../../src/adapter/commands/reflog.ts';
import type { RefName } from '../../src/guard/index.ts';
import { refName } from '../../src/guard/index.ts';
import type { TestHandle } from './handle.ts';
import { makeRepository, type TestRepository } from './repository.ts';

let repository: TestRepository;
beforeAll(() => {
  repository = makeRepository();
  const { git, write } = repository;
  write('a', 'x\n');
  git('add', '.');
  for (const message of ['one', 'two \u00e9', 'three']) {
    git('commit', '--allow-empty', '-qm', message);
  }
  git('checkout', '-qb', 'side');
  git('tag', 'v1');
  for (const text of ['y\n', 'z\n']) {
    write('a', text);
    git('stash', 'push', '-m', `stashed ${text.trim()}`);
  }
});
afterAll(() => repository.remove());

function named(text: string): RefName {
  return refName.parse(text);
}

interface PlainEntry {
  readonly at: string | undefined;
  readonly oid: string | undefined;
  readonly by: string | undefined;
  readonly message: string | undefined;
}

function plain(name: string, from = repository): PlainEntry[] {
  const lines = (form: string[]): string[][] =>
    from
      .git('log', '-g', '--format=%H%x00%gd%x00%gn <%ge>%x00%gs', ...form, name, '--')
      .split('\n')
      .slice(0, -1)
      .map((line) => Buffer.from(line, 'latin1').toString().split('\0'));
  const times = lines(['--date=iso-strict']).map(
    ([, selector = '']) => /\{(.*)\}/.exec(selector)?.[1],
  );
  return lines([]).map(([oid, selector, by, message], at) => ({
    selector,
    oid,
    at: times[at],
    by,
    message,
  }));
}

/** What the log's file says to us, and what git makes of it: of a large log, of one in tables, of odd lines. */
const WAYS = ['from the file', 'by git'] as const;

async function handleFor(way: (typeof WAYS)[number], from = repository): Promise<TestHandle> {
  const handle = await from.handle();
  if (way === 'from the file') return handle;
  return { ...handle, refFiles: { ...handle.refFiles, log: () => undefined } };
}

describe.each(WAYS)('%s', (way) => {
  test.each(['HEAD', 'refs/heads/main', 'refs/heads/side', 'refs/stash'])(
    '%s equals plain git',
    async (name) => {
      const handle = await handleFor(way);
      const found = await reflog(handle, { ref: named(name), skip: 0, limit: 100 });
      expect(found.entries).toEqual(plain(name));
      expect(found.entries.length).toBeGreaterThan(0);
      expect(found.entries[0]?.at).toMatch(/^2023-.*\+01:30$/);
      expect(found.more).toBe(false);
      expect(handle.ran.length).toBe(way === 'by git' ? 2 : 0);
    },
  );

  test('pages', async () => {
    const all = plain('HEAD');
    const ref = named('HEAD');
    const first = await reflog(await handleFor(way), { ref, skip: 0, limit: 2 });
    expect([first.entries.length, first.more]).toEqual([2, true]);
    const second = await reflog(await handleFor(way), { ref, skip: 2, limit: all.length - 2 });
    expect([...first.entries, ...second.entries]).toEqual(all);
    const behind = await reflog(await handleFor(way), { ref, skip: all.length, limit: 5 });
    expect([second.more, behind.entries]).toEqual([false, []]);
    // Each page knows what came before, whichever way it was read.
    const other = await reflog(await handleFor('by git'), { ref, skip: 2, limit: 3 });
    expect([second.digestBefore, behind.digestBefore]).toEqual([first.digest, second.digest]);
    expect(other.digestBefore).toBe(first.digest);
    expect(new Set([first.digest, second.digest, other.digest]).size).toBe(3);
  });
});

test('no log is no entry, and no ref is refused', async () => {
  const tag = await reflog(await repository.handle(), {
    ref: named('refs/tags/v1'),
    skip: 0,
    limit: 10,
  });
  expect([tag.entries, tag.more]).toEqual([[], false]);
  const missing = reflog(await repository.handle(), { ref: named('nowhere'), skip: 0, limit: 10 });
  await expect(missing).rejects.toMatchObject({ code: 'revision.unknown' });
});

test.each(WAYS)(
  'numbers are those that git takes, also where a commit is gone: %s',
  async (way) => {
    const other = makeRepository();
    other.git('commit', '--allow-empty', '-qm', 'one');
    const gone = '1'.repeat(40);
    const tree = other.oid('HEAD^{tree}');
    const log = join(other.path, '.git/logs/refs/heads/main');
    appendFileSync(log, `${other.oid('HEAD')} ${gone} X <x@y> 1700000000 +0000\tgone\n`);
    appendFileSync(log, `${gone} ${tree} X <x@y> 1700000000 +0000\tno commit\n`);
    appendFileSync(log, `${tree} ${other.oid('HEAD')} X <x@y> 1700000001 -0800\tback \u202e\n`);
    for (const limit of [1, 10]) {
      const query = { ref: named('main'), skip: 0, limit };
      const { entries } = await reflog(await handleFor(way, other), query);
      expect(entries.map(({ selector, at }) => [selector, at])).toEqual(
        [
          ['main@{0}', '2023-11-14T14:13:21-08:00'],
          ['main@{3}', expect.stringMatching(/^2023/)],
        ].slice(0, limit),
      );
    }
    await other.remove();
  },
);

test('lines that git does not write are read as git reads them', async () => {
  const other = makeRepository();
  other.git('commit', '--allow-empty', '-qm', 'one');
  const id = other.oid('HEAD');
  const log = join(other.path, '.git/logs/refs/heads/main');
  const line = (end: string, who = 'X <x@y>'): string => `${id} ${id} ${who} ${end}`;
  const written = [
    line('1700000000 +0000\t\n'),
    line('1700000000 +0000\n'),
    line('1700000000 +0545\ta\tb \r\n'),
    line('1700000000 +0000\tm\n', 'J\xfcrgen \xe0 <j@example.org>'),
  ];
  const odd = [
    line('1700000000 -0000\tm\n'),
    line('1700000000 +00001\tm\n'),
    line('0 +0000\tm\n'),
    line('99999999999999 +0000\tm\n'),
    line('1700000000 +0000 m\n'),
    line('1700000000 +0000\tm\0n\n'),
    line('1700000000 +0000\tm\n', ' <x@y>'),
    line('1700000000 +0000\tm\n', '  Spaced   <x@y>'),
    line('1700000000 +0000\tm\n', 'A <b <c@d>'),
    line('1700000000 +0000\tm\n', 'nobody'),
    line('1700000000 +0000\tm\n').replace(id, '0'.repeat(64)),
    line('1700000000 +0000\tm\n').toUpperCase(),
    '\n',
    'nonsense\n',
    line('1700000000 +0000\tno end'),
  ];
  const query = { ref: named('main'), skip: 0, limit: 100 };
  for (const text of [...written, ...odd]) {
    writeFileSync(log, Buffer.from(`${written.join('')}${text}`, 'latin1'));
    const handle = await other.handle();
    const found = await reflog(handle, query);
    expect([text, found]).toEqual([text, await reflog(await handleFor('by git', other), query)]);
    // Of the last one git says nothing, so that there is nothing to ask it for.
    const isPlain = written.includes(text) || text.endsWith('no end');
    expect([text, handle.ran.length]).toEqual([text, isPlain ? 0 : 2]);
  }
  await other.remove();
});

test.each([
  ['refs/tags/main', 'heads/main'],
  ['refs/main', 'heads/main'],
  ['refs/heads/refs/heads/main', 'main'],
])('a branch beside %s is called %s, as by git', async (beside, called) => {
  const other = makeRepository();
  other.git('commit', '--allow-empty', '-qm', 'one');
  other.git('update-ref', '--create-reflog', beside, 'HEAD');
  for (const name of ['refs/heads/main', 'refs/heads/refs/heads/main']) {
    if (other.run(['rev-parse', '--verify', '--quiet', name]).code !== 0) continue;
    const found = await reflog(await other.handle(), { ref: named(name), skip: 0, limit: 10 });
    expect(found.entries).toEqual(plain(name, other));
  }
  const main = await reflog(await other.handle(), { ref: named('main'), skip: 0, limit: 10 });
  expect(main.entries[0]?.selector).toBe(`${called}@{0}`);
  await other.remove();
});

test.each(['HEAD', 'config', 'worktrees/x', 'main-worktree/HEAD', 'packed-refs'])(
  'a branch that is called %s has the name that git gives it',
  async (branch) => {
    const other = makeRepository();
    other.git('commit', '--allow-empty', '-qm', 'one');
    other.git('pack-refs', '--all');
    const name = `refs/heads/${branch}`;
    other.git('update-ref', '--create-reflog', name, 'HEAD');
    const ways = await Promise.all(
      WAYS.map(async (way) =>
        reflog(await handleFor(way, other), { ref: named(name), skip: 0, limit: 10 }),
      ),
    );
    expect(ways[0]).toEqual(ways[1]);
    expect(ways[0]?.entries).toEqual(plain(name, other));
    await other.remove();
  },
);

test.each(['link', 'pipe'] as const)(
  verifies('C3.repository', 'a log that becomes a %s after it was judged is not read'),
  async (kind) => {
    const other = makeRepository();
    other.git('commit', '--allow-empty', '-qm', 'one');
    const log = join(other.path, '.git/logs/HEAD');
    const stolen = readFileSync(log, 'latin1').replace('Carl', 'STOLEN');
    other.write('../outside', stolen);
    const handle = await other.handle();
    rmSync(log);
    if (kind === 'link') symlinkSync(join(other.path, '../outside'), log);
    else execFileSync('mkfifo', [log]);
    const found = reflog(handle, { ref: named('HEAD'), skip: 0, limit: 10 });
    await expect(found).rejects.toMatchObject({ code: 'repository.moved' });
    expect(handle.ran).toEqual([]);
    await other.remove();
  },
);

test('where the log grows in the middle of a call, no entry gets the time of another', async () => {
  const other = makeRepository();
  for (const message of ['one', 'two', 'three']) {
    other.git('commit', '--allow-empty', '-qm', message);
  }
  const handle = await handleFor('by git', other);
  const before = plain('HEAD', other);
  const { entries } = await reflog(
    {
      ...handle,
      async git(command, sink) {
        const ended = await handle.git(command, sink);
        // To a commit that was there before: of a new one this call knows nothing.
        other.git('update-ref', '-m', 'meanwhile', 'HEAD', 'HEAD~1');
        return ended;
      },
    },
    { ref: named('HEAD'), skip: 0, limit: 10 },
  );
  // Which of its two readings ends first, and is not to see what is new, nobody says.
  const old = entries.filter(({ message }) => message !== 'meanwhile');
  const facts = before.map(({ oid, by, message }) => ({ oid, by, message }));
  expect(old.map(({ oid, by, message }) => ({ oid, by, message }))).toEqual(facts);
  for (const [at, entry] of old.entries()) {
    expect([undefined, before[at]?.at]).toContain(entry.at);
  }
  await other.remove();
});
