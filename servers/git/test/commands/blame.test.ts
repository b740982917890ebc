import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { blame } from '../../src/adapter/commands/blame.ts';
import type { BlameQuery } from '../../src/adapter/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { makeRepository, type TestRepository, treePathOf } from './repository.ts';

let repository: TestRepository;
beforeAll(() => {
  repository = makeRepository();
  const { write, git } = repository;
  write('old "name"', 'one\ntwo\nthree\nfour\nfive\n');
  write('moved', 'm1\nm2\nm3\nm4\nm5\nm6\n');
  git('add', '.');
  git('commit', '-qm', 'first');
  write('old "name"', 'one\nTWO\nthree\nfour\nfive\n\tboundary\nfilename x\n');
  git('commit', '-qam', 'second\n\nwith a body');
  git('mv', 'old "name"', 'new');
  write('new', 'one\nTWO\nthree\n\u00e9\nfive\n\tboundary\nfilename x\r\nlast');
  git('-c', 'i18n.commitEncoding=ISO-8859-1', 'commit', '-qam', 'third caf\u00e9');
  write('caf\xe9', 'x\n');
  write('binary', Buffer.from([0, 1]));
  write('empty', '');
  write('wide', `${'w'.repeat(100_000)}\n`);
  write('long', 'x\n'.repeat(2000));
  git('add', '.');
  git('commit', '-qm', 'fourth');
});
afterAll(() => repository.remove());

const query = (path: string, startLine = 1, lines = 500): BlameQuery => ({
  commit: repository.oid('HEAD'),
  path: treePathOf(path),
  startLine,
  lines,
});

describe('equals plain git', () => {
  /** `--line-porcelain` says everything of every line, which is another format than the one that we read. */
  function plain(path: string): unknown[] {
    const blocks = repository
      .git('blame', '--line-porcelain', 'HEAD', '--', path)
      .split(/\n\t[^\n]*(?:\n|$)/);
    return blocks
      .filter((block) => block !== '')
      .map((block) => ({
        oid: block.slice(0, 40),
        line: Number(/^\S+ \d+ (\d+)/.exec(block)?.[1]),
        author: /^author (.*)$/m.exec(block)?.[1],
        path: JSON.parse(
          /^filename (".*"|.*)$/m.exec(block)?.[1]?.replace(/^[^"].*$/, '"$&"') ?? '""',
        ),
        boundary: /^boundary$/m.test(block),
      }));
  }

  test('each line, its commit, its path there', async () => {
    const { hunks, totalLines, nextLine } = await blame(await repository.handle(), query('new'));
    const lines = hunks.flatMap(({ commit, path, startLine, lines: own, boundary }) =>
      own.map((_, at) => ({
        oid: commit.oid,
        line: startLine + at,
        author: commit.author.name,
        path,
        boundary,
      })),
    );
    expect(lines).toEqual(plain('new'));
    expect([totalLines, nextLine]).toEqual([8, undefined]);
    expect(hunks.flatMap((hunk) => hunk.lines)).toEqual([
      'one',
      'TWO',
      'three',
      '\u00e9',
      'five',
      '\tboundary',
      'filename x',
      'last',
    ]);
    expect(hunks.map(({ path }) => path)).toContain('old "name"');
    expect(new Set(hunks.map(({ commit }) => commit.subject.split(' ')[0]))).toEqual(
      new Set(['first', 'second', 'third']),
    );
  });

  test('a part', async () => {
    const { hunks, nextLine } = await blame(await repository.handle(), query('new', 2, 3));
    expect(hunks.flatMap(({ lines }) => lines)).toEqual(['TWO', 'three', '\u00e9']);
    expect([hunks[0]?.startLine, nextLine]).toEqual([2, 5]);
  });
});

describe(verifies('C10.repository-bombs', 'limits'), () => {
  test('lines', async () => {
    const first = await blame(await repository.handle(), query('long', 1, 100_000));
    expect(first).toMatchObject({ totalLines: 2000, nextLine: LIMITS.blameLinesMax + 1 });
    expect(first.hunks.flatMap(({ lines }) => lines)).toHaveLength(LIMITS.blameLinesMax);
    const end = await blame(await repository.handle(), query('long', 1999, 10));
    expect(end.hunks.flatMap(({ lines }) => lines)).toHaveLength(2);
    expect(end.nextLine).toBeUndefined();
  });

  test('a long line', async () => {
    const { hunks } = await blame(await repository.handle(), query('wide'));
    expect(hunks[0]?.lines[0]).toBe(`${'w'.repeat(LIMITS.lineCharactersMax)}…`);
  });

  test('an empty file has no lines', async () => {
    expect(await blame(await repository.handle(), query('empty'))).toEqual({
      hunks: [],
      totalLines: 0,
      nextLine: undefined,
    });
  });

  test.each([
    ['new', 9, 'line.out_of_range'],
    ['empty', 2, 'line.out_of_range'],
    ['not there', 1, 'path.unknown'],
    ['binary', 1, 'file.binary'],
  ])('%s from line %i is refused', async (path, line, code) => {
    const handle = await repository.handle();
    await expect(blame(handle, query(path, line))).rejects.toMatchObject({ code });
    expect(handle.ran).toEqual([]);
  });

  test('a directory is no file, and a name in other bytes is no argument', async () => {
    repository.write('dir/x', 'x');
    repository.git('add', '.');
    repository.git('commit', '-qm', 'fifth');
    await expect(blame(await repository.handle(), query('dir'))).rejects.toMatchObject({
      code: 'path.not_a_file',
    });
  });
});

test('a shallow history ends where it ends', async () => {
  const other = makeRepository();
  other.write('a', 'one\n');
  other.git('add', '.');
  other.git('commit', '-qm', 'one');
  other.write('a', 'one\ntwo\n');
  other.git('commit', '-qam', 'two');
  other.write('.git/shallow', `${other.oid('HEAD')}\n`);
  const commit = other.oid('HEAD');
  const { hunks } = await blame(await other.handle(), { ...query('a'), commit });
  expect(hunks).toMatchObject([{ boundary: true, lines: ['one', 'two'], commit: { oid: commit } }]);
  await other.remove();
});

test('the same lines of the same commit are looked up once', async () => {
  const handle = await repository.handle();
  const first = await blame(handle, query('new'));
  expect(await blame(handle, query('new'))).toBe(first);
  expect(handle.ran).toHaveLength(1);
});
