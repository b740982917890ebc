import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { contributors, Counted } from '../../src/adapter/commands/contributors.ts';
import { parseMailmap } from '../../src/adapter/commands/mailmap.ts';
import type { Contributor, ContributorsQuery } from '../../src/adapter/index.ts';
import { createLiveBytes } from '../process/live-bytes.ts';
import { makeRepository, type TestRepository, treePathOf } from './repository.ts';

const MAILMAP = `# comment <a@b>
Proper Name <proper@example.org> <OTHER@example.org>
New <n@example.org> Same Name <shared@example.org>
<moved@example.org> <shared@example.org>
Only Name <ada@example.org>
<> <ignored@example.org>
broken line
`;

let repository: TestRepository;
let query: ContributorsQuery;
beforeAll(() => {
  repository = makeRepository();
  const { git, write, run } = repository;
  const people = [
    ['Ada', 'ada@example.org'],
    ['Ada', 'ada@example.org'],
    ['Ada', 'ada@example.org'],
    ['Other', 'other@example.org'],
    ['Same name', 'shared@example.org'],
    ['Third', 'Shared@example.org'],
    ['Zo\u00eb \u202e', 'zoe@example.org'],
    ['a, "b" -> c', 'quote"d@example.org'],
    ['ignored', 'ignored@example.org'],
  ] as const;
  for (const [at, [name, email]] of people.entries()) {
    write(at % 2 === 0 ? 'even' : 'odd', String(at));
    git('add', '.');
    git(
      'commit',
      '-qm',
      `commit ${String(at)}\n\nauthor Forged <forged@example.org>`,
      `--author=${name} <${email}>`,
    );
  }
  // Made by hand: an old encoding, no address at all, a header that continues with a forged author.
  const tree = git('rev-parse', 'HEAD^{tree}').trim();
  const at = '1690000000 +0000';
  for (const author of [
    'author J\xfcrgen <j@example.org>',
    'author nobody',
    'author   spaced   <s@example.org>',
  ]) {
    const parent = git('rev-parse', 'HEAD').trim();
    const body = `tree ${tree}\nparent ${parent}\n${author} ${at}\ncommitter C <c@d> ${at}\nencoding ISO-8859-1\ngpgsig x\n author Forged <forged@example.org> ${at}\n\nmessage\n`;
    const oid = run(
      ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'],
      Buffer.from(body, 'latin1'),
    ).out.trim();
    git('update-ref', 'HEAD', oid);
  }
  query = { commit: repository.oid('HEAD'), path: undefined, since: undefined, limit: 100 };
});
afterAll(() => repository.remove());

function plain(...args: string[]): { name: string; email: string; commits: number }[] {
  const lines = repository
    .git('shortlog', '-sne', ...args, '--')
    .split('\n')
    .slice(0, -1);
  return lines.map((line) => {
    const [, commits, name = '', email = ''] =
      /^ *(\d+)\t(.*?) ?<([^<]*)>$/.exec(Buffer.from(line, 'latin1').toString()) ?? [];
    // For an author that is none, plain git prints its own placeholders.
    if (name === '%aN') return { name: '', email: '', commits: Number(commits) };
    return { name, email, commits: Number(commits) };
  });
}

const byKey = (a: Contributor, b: Contributor): number =>
  `${a.name} <${a.email}>` < `${b.name} <${b.email}>` ? -1 : 1;

describe.each([
  ['without a mailmap', undefined],
  ['with a mailmap', MAILMAP],
])('equals plain git %s', (_, mailmap) => {
  beforeAll(() => {
    if (mailmap === undefined) rmSync(join(repository.path, '.mailmap'), { force: true });
    else repository.write('.mailmap', mailmap);
  });

  test('all', async () => {
    const found = await contributors(await repository.handle(), query);
    const expected = plain('HEAD');
    expect(found.contributors.toSorted(byKey)).toEqual(expected.toSorted(byKey));
    expect(found.contributors.filter(({ name }) => name !== '')).toEqual(
      expected.filter(({ name }) => name !== ''),
    );
    expect(found.total).toBe(expected.length);
    expect(found.commits).toBe(Number(repository.git('rev-list', '--count', 'HEAD')));
    expect(found.contributors.some(({ name }) => name.includes('Forged'))).toBe(false);
  });

  test('a path', async () => {
    const found = await contributors(await repository.handle(), {
      ...query,
      path: treePathOf('odd'),
    });
    const { out } = repository.run(['shortlog', '-sne', 'HEAD', '--', 'odd']);
    expect(found.contributors.map(({ commits }) => commits)).toEqual(
      [...out.matchAll(/^ *(\d+)\t/gm)].map(([, commits]) => Number(commits)),
    );
  });

  test('a time, and a limit', async () => {
    const since = Number(repository.git('log', '-1', '--format=%ct', 'HEAD~6'));
    const found = await contributors(await repository.handle(), { ...query, since, limit: 2 });
    const expected = plain(`--since=@${String(since)} +0000`, 'HEAD');
    expect(found.contributors).toEqual(expected.slice(0, 2));
    expect(found.total).toBe(expected.length);
  });
});

test(verifies('C3.repository', 'a mailmap that is a link is not read'), async () => {
  rmSync(join(repository.path, '.mailmap'), { force: true });
  repository.write('../outside', 'STOLEN <stolen@example.org> <ada@example.org>\n');
  symlinkSync('../outside', join(repository.path, '.mailmap'));
  const found = await contributors(await repository.handle(), query);
  expect(found.contributors[0]).toEqual({ name: 'Ada', email: 'ada@example.org', commits: 3 });
});

test(verifies('C10.repository-bombs', 'a mailmap that is a pipe is not waited for'), async () => {
  rmSync(join(repository.path, '.mailmap'), { force: true });
  execFileSync('mkfifo', [join(repository.path, '.mailmap')]);
  const found = await contributors(await repository.handle(), query);
  expect(found.contributors[0]).toEqual({ name: 'Ada', email: 'ada@example.org', commits: 3 });
});

test('a mailmap equals git check-mailmap', () => {
  repository.run(['rm', '-q', '--cached', '.mailmap']);
  rmSync(join(repository.path, '.mailmap'), { force: true });
  repository.write('.mailmap', MAILMAP);
  const mailmap = parseMailmap(MAILMAP);
  const names = ['Ada', 'Same Name', 'SAME NAME', 'x'];
  const emails = [
    'ada@example.org',
    'ADA@example.org',
    'other@example.org',
    'shared@example.org',
    'ignored@example.org',
    '',
  ];
  for (const name of names) {
    for (const email of emails) {
      const { name: mapped, email: address } = mailmap.map({ name, email });
      expect(`${mapped} <${address}>\n`).toBe(
        repository.git('check-mailmap', `${name} <${email}>`),
      );
    }
  }
});

test(
  verifies('C6.travelling', 'what a commit says of its encoding goes to no library of git'),
  async () => {
    const other = makeRepository();
    other.git('commit', '--allow-empty', '-qm', 'one', '--author=Plain <p@example.org>');
    const body = other.git('cat-file', 'commit', 'HEAD').replace('\n\n', '\nencoding UTF-16LE\n\n');
    const oid = other.run(['hash-object', '-t', 'commit', '-w', '--stdin'], body).out.trim();
    // Plain git hands the bytes to the C library, which finds no author in them.
    expect(other.git('shortlog', '-sne', oid, '--')).not.toContain('Plain');
    const found = await contributors(await other.handle(), { ...query, commit: other.oid(oid) });
    expect(found.contributors).toEqual([{ name: 'Plain', email: 'p@example.org', commits: 1 }]);
    await other.remove();
  },
);

/** A commit as git prints it: `name` is bytes in the encoding of Windows. */
function recordOf(name: string): string {
  const person = `${name} <a@example.org> 1700000000 +0000`;
  return Buffer.from(
    `${'a'.repeat(40)}\ntree ${'b'.repeat(40)}\nauthor ${person}\ncommitter ${person}\nencoding windows-1252\n\nx\n`,
    'latin1',
  ).toString('latin1');
}

describe(verifies('C10.repository-bombs', 'names of kilobytes'), () => {
  const live = createLiveBytes('heapUsed');
  const counted = (): Counted => new Counted(parseMailmap(''));

  test('are not held, and are still told apart by their beginning', { timeout: 60_000 }, () => {
    const people = counted();
    const before = live();
    for (let at = 0; at < 3000; at += 1) {
      people.add(recordOf(`${String(at).padStart(6, '0')}${'\x80'.repeat(7000)}`));
    }
    // All of the names have 42 megabytes as text, and half of it as they are written.
    expect(live() - before).toBeLessThan(16_000_000);
    const { total, commits, contributors: some } = people.result(1);
    expect([total, commits]).toEqual([3000, 3000]);
    expect(some[0]?.name).toMatch(/^000000€{100,250}…?$/);
  });

  test('do not hold the output that they stood in', { timeout: 60_000 }, () => {
    const people = counted();
    const before = live();
    for (let at = 0; at < 2000; at += 1) {
      const record = recordOf(`${String(at).padStart(6, '0')} somebody`);
      // As git prints it: others stand before and behind.
      const output = Buffer.alloc(65_536, record, 'latin1').toString('latin1');
      people.add(output.slice(record.length, 2 * record.length));
    }
    expect(live() - before).toBeLessThan(16_000_000);
    expect(people.result(1).total).toBe(2000);
  });

  test('are too many before they fill the memory', { timeout: 60_000 }, () => {
    const people = counted();
    const before = live();
    const addAll = (): void => {
      for (let at = 0; at < 50_000; at += 1) {
        people.add(recordOf(`${String(at).padStart(6, '0')}${'\x80'.repeat(250)}`));
      }
    };
    expect(addAll).toThrow(expect.objectContaining({ code: 'repository.too_large' }));
    expect(live() - before).toBeLessThan(32_000_000);
  });
});
