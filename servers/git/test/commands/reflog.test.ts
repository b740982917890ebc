import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { reflog } from '../../src/adapter/commands/reflog.ts';
import type { RefName } from '../../src/guard/index.ts';
import { refName } from '../../src/guard/index.ts';
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

function plain(name: string, from = repository): { readonly at: string | undefined }[] {
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

test.each(['HEAD', 'refs/heads/main', 'refs/heads/side', 'refs/stash'])(
  '%s equals plain git',
  async (name) => {
    const found = await reflog(await repository.handle(), {
      ref: named(name),
      skip: 0,
      limit: 100,
    });
    expect(found.entries).toEqual(plain(name));
    expect(found.entries.length).toBeGreaterThan(0);
    expect(found.entries[0]?.at).toMatch(/^2023-.*\+01:30$/);
    expect(found.more).toBe(false);
  },
);

test('pages', async () => {
  const first = await reflog(await repository.handle(), { ref: named('HEAD'), skip: 0, limit: 2 });
  expect([first.entries.length, first.more]).toEqual([2, true]);
  const second = await reflog(await repository.handle(), {
    ref: named('HEAD'),
    skip: 2,
    limit: 200,
  });
  expect([...first.entries, ...second.entries]).toEqual(plain('HEAD'));
});

test('no log is no entry, and no ref is refused', async () => {
  const tag = await reflog(await repository.handle(), {
    ref: named('refs/tags/v1'),
    skip: 0,
    limit: 10,
  });
  expect(tag).toEqual({ entries: [], more: false });
  const missing = reflog(await repository.handle(), { ref: named('nowhere'), skip: 0, limit: 10 });
  await expect(missing).rejects.toMatchObject({ code: 'revision.unknown' });
});

test('numbers are those that git takes, also where a commit is gone', async () => {
  const other = makeRepository();
  other.git('commit', '--allow-empty', '-qm', 'one');
  const gone = '1'.repeat(40);
  const log = join(other.path, '.git/logs/refs/heads/main');
  appendFileSync(log, `${other.oid('HEAD')} ${gone} X <x@y> 1700000000 +0000\tgone\n`);
  appendFileSync(log, `${gone} ${other.oid('HEAD')} X <x@y> 1700000001 -0800\tback \u202e\n`);
  const { entries } = await reflog(await other.handle(), {
    ref: named('main'),
    skip: 0,
    limit: 10,
  });
  expect(entries.map(({ selector, at }) => [selector, at])).toEqual([
    ['main@{0}', '2023-11-14T14:13:21-08:00'],
    ['main@{2}', expect.stringMatching(/^2023/)],
  ]);
  await other.remove();
});

test('where the log grows in the middle of a call, no entry gets the time of another', async () => {
  const other = makeRepository();
  for (const message of ['one', 'two', 'three']) {
    other.git('commit', '--allow-empty', '-qm', message);
  }
  const handle = await other.handle();
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
  expect(entries.map((entry) => ({ ...entry, at: undefined }))).toEqual(
    before.map((entry) => ({ ...entry, at: undefined })),
  );
  for (const [at, entry] of entries.entries()) {
    expect([undefined, before[at]?.at]).toContain(entry.at);
  }
  await other.remove();
});
