import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Caller, allPages, listOf, makeCaller, textField } from './caller.ts';
import { KEY, LFS_OID, makeWorld, type World } from './world.ts';

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

/** Without the line end that ends a file. */
const trimmed = (text: string): string => text.replace(/\n$/, '');

describe('git_file', () => {
  test.each([
    ['README.md', 'HEAD'],
    ['src/app.ts', 'side'],
    ['-O', 'main'],
    ['--output=pwned', 'v1.0'],
    ['naïve/café.txt', 'main'],
    ['docs/old.md', 'v1.0'],
  ])('%s at %s is what plain git shows', async (path, rev) => {
    const answer = await caller.call('git_file', { path, rev });
    const plain = world.git('show', `${rev}:${path}`);
    expect(trimmed(textField(answer, 'text'))).toBe(trimmed(plain));
    expect(answer.output).toMatchObject({
      file: {
        path,
        oid: world.git('rev-parse', `${rev}:${path}`).trim(),
        size: Buffer.byteLength(plain),
      },
      truncated: false,
    });
  });

  test('a name comes back as it was shown', async () => {
    const shown = listOf(await caller.call('git_tree', { limit: 200 }), 'entries');
    const odd = shown.find(({ path }) => String(path).startsWith('tab'))?.['path'];
    expect(odd).toBe('tab\\u{9}and "quote".txt');
    const answer = await caller.call('git_file', { path: odd });
    expect(trimmed(textField(answer, 'text'))).toBe('needle in an odd name');
  });

  test('lines from one to another, and the place to go on', async () => {
    const args = { path: 'src/app.ts', start_line: 20, end_line: 22 };
    const { output, text } = await caller.call('git_file', args);
    const plain = world.git('show', 'HEAD:src/app.ts').split('\n').slice(19, 22);
    expect(trimmed(String(output['text']))).toBe(plain.join('\n'));
    expect(output).toMatchObject({
      file: { start_line: 20, end_line: 22, total_lines: 40, next_line: 23 },
      truncated: true,
    });
    expect(text).toContain(`    21\t${plain[1] ?? ''}`);
    expect(text).toContain('Continue with start_line 23.');
    await expect(
      caller.call('git_file', { ...args, start_line: 900, end_line: 901 }),
    ).rejects.toMatchObject({
      code: 'line.out_of_range',
    });
  });

  test('a binary file, a pointer of Git LFS, a link', async () => {
    const binary = await caller.call('git_file', { path: 'binary.bin' });
    expect(binary.output).toMatchObject({ file: { content: 'binary', size: 4 }, truncated: false });
    expect(binary.output).not.toHaveProperty('text');
    const pointer = await caller.call('git_file', { path: 'model.bin' });
    expect(pointer.output).toMatchObject({ file: { lfs: { oid: LFS_OID, size: 12_345 } } });
    const link = await caller.call('git_file', { path: 'link' });
    expect(link.output).toMatchObject({ file: { kind: 'symlink' }, text: 'README.md' });
  });

  test.each([
    ['src', 'path.not_a_file'],
    ['.', 'path.not_a_file'],
    ['missing.txt', 'path.unknown'],
    ['README.md/below', 'path.unknown'],
  ])('%s is refused: %s', async (path, code) => {
    await expect(caller.call('git_file', { path })).rejects.toMatchObject({ code });
  });
});

describe('git_tree', () => {
  test.each([
    [{}, ['HEAD']],
    [{ rev: 'side', path: 'src' }, ['side', 'src/']],
    [{ path: 'docs/' }, ['HEAD', 'docs/']],
  ])('%j lists what plain git lists', async (args, plain) => {
    const entries = await allPages(caller, 'git_tree', { ...args, limit: 3 }, 'entries');
    const told = entries.map(({ oid, path }) => `${String(oid)} ${String(path)}`);
    const lines = world
      .git('ls-tree', '-z', ...plain)
      .split('\0')
      .slice(0, -1);
    // `<mode> <kind> <id>`, a tab and the name, which can hold a tab as well.
    expect(told).toEqual(
      lines.map((line) =>
        line.slice('100644 blob '.length).replace('\t', ' ').replace('\t', '\\u{9}'),
      ),
    );
  });

  test('three levels deep', async () => {
    const entries = await allPages(caller, 'git_tree', { depth: 3, limit: 4 }, 'entries');
    const plain = world
      .git('ls-tree', '-r', '-t', '-z', '--name-only', 'HEAD')
      .split('\0')
      .slice(0, -1);
    expect(entries.map(({ path }) => path)).toEqual(
      plain.map((name) => name.replace('\t', '\\u{9}')),
    );
  });

  test('a file is no directory', async () => {
    await expect(caller.call('git_tree', { path: 'README.md' })).rejects.toMatchObject({
      code: 'path.not_a_directory',
    });
  });
});

describe('git_grep', () => {
  test.each([
    [{ pattern: 'needle' }, ['-F', '-e', 'needle', 'HEAD']],
    [{ pattern: 'NEEDLE', ignore_case: true }, ['-i', '-F', '-e', 'NEEDLE', 'HEAD']],
    [{ pattern: 'line(3|2[0-9])', regex: true }, ['-E', '-e', 'line(3|2[0-9])', 'HEAD']],
    [{ pattern: "'side'", rev: 'side' }, ['-F', '-e', "'side'", 'side']],
    [{ pattern: '--output=x' }, ['-F', '-e', '--output=x', 'HEAD']],
    [{ pattern: 'a.b', paths: ['src'] }, ['-F', '-e', 'a.b', 'HEAD', '--', 'src']],
    [
      { pattern: 'needle', paths: ['-O', '--output=pwned'] },
      ['-F', '-e', 'needle', 'HEAD', '--', '-O', '--output=pwned'],
    ],
  ])('%j finds what plain git finds', async (args, plain) => {
    const answer = await caller.call('git_grep', args);
    const told = listOf(answer, 'lines').map(({ line, text }) => `${String(line)}:${String(text)}`);
    let printed: readonly string[] = [];
    try {
      printed = world.lines('grep', '-n', '-h', '-I', ...plain);
    } catch {
      // Plain git ends with 1 when it found nothing.
    }
    expect(told).toEqual(printed);
    expect(answer.output['truncated']).toBe(false);
  });

  test('lines around a match are told apart', async () => {
    const answer = await caller.call('git_grep', { pattern: 'line20 ', context: 1 });
    expect(listOf(answer, 'lines').map(({ line, around }) => [line, around])).toEqual([
      [20, true],
      [21, undefined],
      [22, true],
    ]);
    expect(answer.text).toContain('src/app.ts-20- ');
    expect(answer.text).toContain('src/app.ts:21: ');
  });

  test('a limit is told', async () => {
    const { output } = await caller.call('git_grep', { pattern: 'line', limit: 3 });
    expect(output).toMatchObject({ truncated: true, files: 1 });
  });

  test('an expression that is none', async () => {
    await expect(caller.call('git_grep', { pattern: 'a(b', regex: true })).rejects.toMatchObject({
      code: 'pattern.invalid',
    });
  });
});

test('git_blame tells what plain git tells', async () => {
  const answer = await caller.call('git_blame', {
    path: 'src/app.ts',
    rev: 'side',
    start_line: 19,
    end_line: 23,
  });
  const plain = world.lines(
    'blame',
    '-s',
    '-l',
    '--root',
    '-L',
    '19,23',
    'side',
    '--',
    'src/app.ts',
  );
  const hunks = listOf(answer, 'hunks').flatMap(({ oid, start_line: start, lines }) =>
    Array.from(
      { length: Number(lines) },
      (_, at) => `${String(oid)} ${String(Number(start) + at)}`,
    ),
  );
  expect(hunks).toEqual(plain.map((line) => line.replace(/^(\w+) (\d+)\).*/, '$1 $2')));
  expect(textField(answer, 'text').split('\n')).toEqual(
    plain.map((line) => line.replace(/^[^)]*\) /, '')),
  );
  expect(answer.output).toMatchObject({ total_lines: 40, next_line: 24, truncated: true });
  expect(listOf(answer, 'commits')).toHaveLength(2);
});

describe('a private key in the repository', () => {
  const lines = KEY.trimEnd().split('\n');
  const inside = lines.slice(1, -1);
  /** Lines of the key that a text shows. */
  const shown = (...texts: readonly unknown[]): readonly string[] =>
    inside.filter((line) => JSON.stringify(texts).includes(line));

  test(verifies('E6.keys', 'is hidden, also where a read begins in its middle'), async () => {
    for (const start of [1, 2, 3, 9, inside.length, lines.length]) {
      const args = { path: 'deploy.pem', start_line: start };
      const file = await caller.call('git_file', args);
      expect(shown(file)).toEqual([]);
      expect(file.hidden).toBeGreaterThan(0);
      // Every line stands where it stood.
      expect(textField(file, 'text').trimEnd().split('\n')).toHaveLength(lines.length + 2 - start);
      const blame = await caller.call('git_blame', args);
      expect(shown(blame)).toEqual([]);
    }
  });

  test(verifies('E6.keys', 'is hidden from a search for a line of it'), async () => {
    for (const line of [inside[4] ?? '', inside.at(-1) ?? '']) {
      const found = await caller.call('git_grep', { pattern: line, context: 5 });
      expect(shown(found)).toEqual([]);
    }
    const { output } = await caller.call('git_grep', {
      pattern: '[A-Za-z0-9+/]{30}',
      regex: true,
      limit: 200,
    });
    expect(shown(output)).toEqual([]);
  });

  test('is shown to whoever may see secrets', async () => {
    const open = makeCaller({ app: world.path }, 'allow');
    const { text } = await open.call('git_file', { path: 'deploy.pem', start_line: 5 });
    expect(text).toContain(inside[5]);
    await open.close();
  });
});
