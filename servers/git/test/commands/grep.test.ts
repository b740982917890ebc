import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { verifies } from '@secure-mcp/testkit';
import { textFromByteString } from '@secure-mcp/validation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { grep } from '../../src/adapter/commands/grep.ts';
import { GrepLines } from '../../src/adapter/commands/grep-lines.ts';
import type { GrepMatch, GrepQuery } from '../../src/adapter/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { makeRepository, type TestRepository, treePathOf } from './repository.ts';
import { ereOf, needleOf } from './words.ts';

let repository: TestRepository;
let QUERY: GrepQuery;
beforeAll(() => {
  repository = makeRepository();
  const { write, git } = repository;
  write('plain.ts', 'one\nfind me\nthree\nfour\nFIND ME here\nsix\nseven\nfind me, find me\n');
  write('src/2:7:deep', '1:1:find me\n3-find me\n--\n-- find me\nx\nfind me');
  write('line\nfeed "q" \\', 'find me\n');
  write('caf\xe9', 'find me \xe9\n');
  write('caf\u00c3\u00a9', '\u00c3\u00a9\u00c3\u00a9 find me\r\n');
  write('-e', 'find me\n');
  write('binary', 'find me\x00\n');
  write('late', `${'x\n'.repeat(5000)}find me\n1\x002\x00evil\nfind me\n`);
  git('add', '.');
  git('commit', '-qm', 'one');
  write('plain.ts', 'find me: not committed\n');
  QUERY = {
    tree: repository.oid('HEAD'),
    pattern: { kind: 'fixed', text: needleOf('find me') },
    ignoreCase: false,
    paths: [],
    context: 0,
    limit: 1000,
  };
});
afterAll(() => repository.remove());

/** Plain git's own answer without context, in the form with NUL, which is exact then. */
function plain(...args: string[]): Omit<GrepMatch, 'match'>[] {
  const { out } = repository.run(['grep', '-n', '--column', '-z', '-I', ...args]);
  return out
    .split(/\n(?=HEAD:)/)
    .filter((record) => record !== '')
    .map((record) => {
      const [name = '', line, column, ...text] = record.replace(/\n$/, '').split('\0');
      return {
        path: textFromByteString(name.slice('HEAD:'.length)),
        line: Number(line),
        column: Number(column),
        text: Buffer.from(text.join('\0').replace(/\r$/, ''), 'latin1').toString(),
      };
    });
}

describe('equals plain git', () => {
  test.each([
    ['a fixed text', { kind: 'fixed', text: 'find me' }, ['-F', '-e', 'find me'], false],
    [
      'without regard to case',
      { kind: 'fixed', text: 'find me' },
      ['-i', '-F', '-e', 'find me'],
      true,
    ],
    ['letters of an expression', { kind: 'fixed', text: 'f.nd' }, ['-F', '-e', 'f.nd'], false],
    [
      'an expression',
      { kind: 'ere', text: '^f.nd (me|you)' },
      ['-E', '-e', '^f.nd (me|you)'],
      false,
    ],
    [
      'what looks like an option',
      { kind: 'fixed', text: '--open-files-in-pager=touch' },
      ['-e', 'nothing there'],
      false,
    ],
  ] as const)('%s', async (_, { kind, text }, args, ignoreCase) => {
    const pattern = kind === 'ere' ? { kind, text: ereOf(text) } : { kind, text: needleOf(text) };
    const found = await grep(await repository.handle(), { ...QUERY, pattern, ignoreCase });
    const expected = plain(...args, 'HEAD');
    expect(found.matches).toEqual(expected.map((match) => ({ ...match, match: true })));
    expect(found.files).toBe(new Set(expected.map(({ path }) => path)).size);
    expect(found.truncated).toBe(false);
  });

  test('names of all kinds, and nothing that is not committed', async () => {
    const { matches } = await grep(await repository.handle(), QUERY);
    expect(new Set(matches.map(({ path }) => path))).toEqual(
      new Set([
        '-e',
        'caf\u00e9',
        'caf\\x{E9}',
        'late',
        'line\\u{A}feed "q" \\',
        'plain.ts',
        'src/2:7:deep',
      ]),
    );
    expect(matches.some(({ text }) => text.includes('not committed'))).toBe(false);
  });

  test('paths', async () => {
    const paths = [treePathOf('src'), treePathOf('-e'), treePathOf('*')];
    const { matches } = await grep(await repository.handle(), { ...QUERY, paths });
    expect(new Set(matches.map(({ path }) => path))).toEqual(new Set(['-e', 'src/2:7:deep']));
  });
});

describe('lines around', () => {
  test(verifies('C10.hostile-trees', 'are told from matches, whatever they hold'), async () => {
    const { matches } = await grep(await repository.handle(), {
      ...QUERY,
      context: 1,
      paths: [treePathOf('src'), treePathOf('late')],
    });
    expect(matches.map(({ line, column, match, text }) => [line, column, match, text])).toEqual([
      [5000, undefined, false, 'x'],
      [5001, 1, true, 'find me'],
      [5002, undefined, false, '1\x002\x00evil'],
      [5003, 1, true, 'find me'],
      [1, 5, true, '1:1:find me'],
      [2, 3, true, '3-find me'],
      [3, undefined, false, '--'],
      [4, 4, true, '-- find me'],
      [5, undefined, false, 'x'],
      [6, 1, true, 'find me'],
    ]);
  });

  test('end with the match that they belong to', async () => {
    const query = { ...QUERY, context: 1, paths: [treePathOf('plain.ts')] };
    const one = await grep(await repository.handle(), { ...query, limit: 1 });
    expect(one.matches.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(one.truncated).toBe(true);
    const two = await grep(await repository.handle(), { ...query, limit: 2 });
    expect(two.matches.map(({ line }) => line)).toEqual([1, 2, 3, 7, 8]);
    expect(two.truncated).toBe(false);
  });
});

test(
  verifies('C10.repository-bombs', 'a line of 64 megabytes: a part around the match'),
  { timeout: 120_000 },
  async () => {
    const other = makeRepository();
    other.write(
      'long',
      Buffer.concat([
        Buffer.alloc(60_000_000, '\u00e9'),
        Buffer.from('needle'),
        Buffer.alloc(4_000_000, 'b'),
      ]),
    );
    other.write('short', 'needle\n');
    other.git('add', '.');
    other.git('commit', '-qm', 'one');
    const before = process.memoryUsage.rss();
    const { matches } = await grep(await other.handle(), {
      ...QUERY,
      tree: other.oid('HEAD'),
      pattern: { kind: 'fixed', text: needleOf('needle') },
    });
    expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000);
    expect(matches.map(({ path, column }) => [path, column])).toEqual([
      ['long', 60_000_001],
      ['short', 1],
    ]);
    const [{ text } = { text: '' }] = matches;
    expect(text).toMatch(/^…\u00e9+needleb+…$/);
    expect(text.length).toBeLessThanOrEqual(LIMITS.lineCharactersMax + 2);
    await other.remove();
  },
);

test('however the stream is divided, the lines are the same', () => {
  const id = 'a'.repeat(40);
  const long = `${'x'.repeat(LIMITS.fieldBytesMax - 300)}needle${'y'.repeat(5000)}`;
  const column = String(LIMITS.fieldBytesMax - 299);
  const output = Buffer.from(
    `${id}:f\n1:1:a\n2-b\n--\n3:${column}:${long}\n4-${long}\n${id}:"g\\n"\n9:2:ab\n`,
  );
  const read = (size: number): unknown[] => {
    const lines: unknown[] = [];
    const reader = new GrepLines((line) => lines.push(line) > 0);
    for (let at = 0; at < output.length; at += size) reader.push(output.subarray(at, at + size));
    return lines;
  };
  const whole = read(output.length);
  expect(whole).toHaveLength(7);
  expect(whole[3]).toMatchObject({ line: 3, text: expect.stringMatching(/^…x{500}needley+…$/) });
  for (const size of [1, 7, 1000, 65_536, 65_543]) expect(read(size)).toEqual(whole);
});

test(
  verifies('C10.repository-bombs', 'matches without end are cut'),
  { timeout: 60_000 },
  async () => {
    const other = makeRepository();
    other.write('many', 'needle in a line that is rather long, as lines go\n'.repeat(100_000));
    other.git('add', '.');
    other.git('commit', '-qm', 'one');
    const query = {
      ...QUERY,
      tree: other.oid('HEAD'),
      pattern: { kind: 'fixed', text: needleOf('needle') },
    } as const;
    const some = await grep(await other.handle(), { ...query, limit: 10 });
    expect([some.matches.length, some.truncated]).toEqual([10, true]);
    const all = await grep(await other.handle(), { ...query, limit: 1_000_000 });
    expect(all.truncated).toBe(true);
    expect(all.matches.length).toBeLessThan(LIMITS.grepBytesMax / 50);
    await other.remove();
  },
);

describe(verifies('C10.repository-bombs', 'where git ends in the middle'), () => {
  let other: TestRepository;
  let query: GrepQuery;
  beforeAll(() => {
    other = makeRepository();
    // More than GIT_ALLOC_LIMIT, and a few hundred kilobytes when it is stored.
    const large = other
      .run(['hash-object', '-w', '--stdin'], Buffer.alloc(300_000_000, 'x'))
      .out.trim();
    other.write('a', 'needle\n');
    other.git('add', 'a');
    other.git('update-index', '--add', '--cacheinfo', `100644,${large},b`);
    other.git('commit', '-qm', 'one');
    const pattern = { kind: 'fixed', text: needleOf('needle') } as const;
    query = { ...QUERY, tree: other.oid('HEAD'), pattern };
  }, 120_000);
  afterAll(() => other.remove());

  test('what was found is an answer, and is called incomplete', async () => {
    const found = await grep(await other.handle(), query);
    expect(found.matches.map(({ path }) => path)).toEqual(['a']);
    expect(found.truncated).toBe(true);
  });

  test('nothing found is no answer', async () => {
    const pattern = { kind: 'fixed', text: needleOf('not there') } as const;
    const found = grep(await other.handle(), { ...query, pattern });
    await expect(found).rejects.toMatchObject({ code: 'object.too_large' });
  });

  test('a path leads around it', async () => {
    const found = await grep(await other.handle(), { ...query, paths: [treePathOf('a')] });
    expect([found.matches.length, found.truncated]).toEqual([1, false]);
  });
});

test('a file that is missing makes the answer incomplete', async () => {
  const other = makeRepository();
  other.write('a', 'needle\n');
  other.write('b', 'other needle\n');
  other.git('add', '.');
  other.git('commit', '-qm', 'one');
  const missing = other.oid('HEAD:a');
  rmSync(join(other.path, '.git/objects', missing.slice(0, 2), missing.slice(2)));
  const pattern = { kind: 'fixed', text: needleOf('needle') } as const;
  const found = await grep(await other.handle(), { ...QUERY, tree: other.oid('HEAD'), pattern });
  expect(found.matches.map(({ path }) => path)).toEqual(['b']);
  expect(found.truncated).toBe(true);
  await other.remove();
});
