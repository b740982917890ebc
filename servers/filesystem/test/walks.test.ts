import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { connect, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
const root = join(temp.path, 'root');
let client: TestClient;

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# Title\nfind me here\n',
  'src/index.ts': 'export const a = 1;\n// TODO: find me\n',
  'src/util/deep.ts': 'function findMe() {}\n'.repeat(3),
  'src/generated.js': 'find me\n',
  'build/out.js': 'find me\n',
  'logs/today.log': 'find me\n',
  'logs/keep.log': 'find me\n',
  '.git/HEAD': 'find me\n',
  '.gitignore': '# comment\nbuild/\n*.log\n!keep.log\n/src/generated.js\n',
  'sub/.gitignore': 'local.txt\n!today.log\n',
  'sub/local.txt': 'find me\n',
  'sub/today.log': 'find me\n',
  '.env': 'find me\n',
  'latin1.txt': '',
};

beforeAll(async () => {
  for (const [name, content] of Object.entries(FILES)) temp.write(`root/${name}`, content);
  writeFileSync(join(root, 'latin1.txt'), Buffer.from('caf\xe9 find me', 'latin1'));
  writeFileSync(join(root, 'binary.bin'), Buffer.from('find me\0'));
  writeFileSync(
    Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]),
    'raw bytes',
  );
  writeFileSync(join(root, 'forged\nfile  root:not-there'), 'x');
  symlinkSync('src', join(root, 'link-to-src'));
  symlinkSync('/etc', join(root, 'link-to-etc'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  mkdirSync(join(root, 'many'));
  for (let file = 0; file < 250; file += 1) {
    const path = join(root, 'many', `f${String(file).padStart(3, '0')}.dat`);
    writeFileSync(path, 'x'.repeat(file));
    utimesSync(path, 1_700_000_000 + file, 1_700_000_000 + file);
  }
  client = await connect('v2 modern', bundle(root, '--rate-limit', '1000000/1'));
});
afterAll(async () => {
  await client.close();
  temp.remove();
});

async function list(args: object = {}) {
  const { structured, text, isError } = await client.call('list_directory', args);
  expect([isError, text]).toEqual([false, expect.any(String)]);
  return { ...structured, text, paths: pathsOf(structured['entries']) };
}

async function find(args: object) {
  const { structured } = await client.call('find_files', args);
  return { ...structured, paths: pathsOf(structured['entries']) };
}

async function search(args: object) {
  const { structured } = await client.call('search_text', args);
  return { ...structured, paths: pathsOf(structured['hits'] ?? structured['files']) };
}

function pathsOf(entries: unknown): readonly string[] {
  return Array.isArray(entries) ? entries.map(({ path }) => String(path).replace('root:', '')) : [];
}

/** Follows the cursor to the end. */
async function pages(tool: string, args: object): Promise<readonly string[]> {
  const all: string[] = [];
  let cursor: unknown;
  do {
    const { structured, isError, text } = await client.call(tool, {
      ...args,
      ...(cursor !== undefined && { cursor }),
    });
    expect([isError, text]).toEqual([false, expect.any(String)]);
    all.push(...pathsOf(structured['entries'] ?? structured['hits'] ?? structured['files']));
    cursor = structured['next_cursor'];
  } while (cursor !== undefined);
  return all;
}

describe('list_directory', () => {
  test('lists everything, sorted, and says what it is', async () => {
    const { entries } = Object(await list());
    expect(entries).toContainEqual({ path: 'root:.env', type: 'file', denied: true });
    expect(entries).toContainEqual({ path: 'root:link-to-etc', type: 'link' });
    expect(entries).toContainEqual({ path: 'root:pipe', type: 'other' });
    expect(entries).toContainEqual({ path: 'root:src', type: 'directory' });
    expect(entries).toContainEqual({ path: 'root:caf\\x{E9}.txt', type: 'file' });
    expect(entries).toContainEqual({ path: 'root:.git', type: 'directory' });
  });

  test(
    verifies('E9.names', 'a name cannot forge a line, and names that are no text can be sent back'),
    async () => {
      const { text } = await list();
      expect(text).toContain('root:forged\\u{A}file  root:not-there');
      expect(text.split('\n').filter((line) => line.endsWith('root:not-there'))).toHaveLength(1);
      const answer = await client.call('read_file', { path: 'root:caf\\x{E9}.txt' });
      expect(answer.structured['text']).toBe('raw bytes');
    },
  );

  test('details are given when asked for, and never for a link’s target or a denied name', async () => {
    const { entries } = Object(await list({ details: true }));
    expect(entries).toContainEqual({
      path: 'root:README.md',
      type: 'file',
      size: 21,
      mtime: expect.any(String),
    });
    expect(entries).toContainEqual({
      path: 'root:link-to-etc',
      type: 'link',
      mtime: expect.any(String),
    });
    expect(entries).toContainEqual({ path: 'root:.env', type: 'file', denied: true });
  });

  test('a tree is listed down to its depth, without what is ignored', async () => {
    const { paths, entries } = Object(await list({ depth: 3, limit: 2000 }));
    expect(paths).toContain('src/util/deep.ts');
    expect(paths).not.toContain('build/out.js');
    expect(entries).toContainEqual({ path: 'root:build', type: 'directory', closed: 'ignored' });
    expect((await list({ depth: 3, include_ignored: true, limit: 2000 })).paths).toContain(
      'build/out.js',
    );
    const shallow = Object(await list({ depth: 2, limit: 2000 }));
    expect(shallow.entries).toContainEqual({
      path: 'root:src/util',
      type: 'directory',
      closed: 'depth',
    });
  });

  test(
    verifies('E7.bytes', 'pages put together are the whole, in order, each entry once'),
    async () => {
      for (const limit of [1, 7, 100]) {
        const args = { depth: 4, path: limit === 1 ? 'src' : '.' };
        const whole = (await list({ ...args, limit: 2000 })).paths;
        expect(await pages('list_directory', { ...args, limit })).toEqual(whole);
      }
    },
  );

  test('a link is listed where it leads, when it stays inside', async () => {
    expect((await list({ path: 'link-to-src' })).paths).toEqual([
      'link-to-src/generated.js',
      'link-to-src/index.ts',
      'link-to-src/util',
    ]);
    expect((await client.call('list_directory', { path: 'link-to-etc' })).text).toMatch(
      /^path\.refused/,
    );
  });

  test.each([
    [{ path: 'README.md' }, 'path.not_a_directory'],
    [{ path: 'missing' }, 'path.refused'],
    [{ cursor: 'nonsense' }, 'cursor.invalid'],
  ])('%j is refused: %s', async (args, code) => {
    expect((await client.call('list_directory', args)).text.startsWith(code)).toBe(true);
  });

  test('a cursor belongs to its own question', async () => {
    const { next_cursor: cursor } = Object(await list({ limit: 1 }));
    expect((await client.call('list_directory', { limit: 2, cursor })).text).toMatch(
      /^cursor\.invalid/,
    );
    expect((await client.call('find_files', { glob: '*', cursor })).text).toMatch(
      /^cursor\.invalid/,
    );
    const bytes = Buffer.from(String(cursor), 'base64');
    for (const at of [0, 13, bytes.length - 1]) {
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] ?? 0) ^ 1;
      const args = { limit: 1, cursor: forged.toString('base64') };
      expect((await client.call('list_directory', args)).text).toMatch(/^cursor\.invalid/);
    }
    const args = { limit: 1, cursor: bytes.subarray(0, 20).toString('base64') };
    expect((await client.call('list_directory', args)).text).toMatch(/^cursor\.invalid/);
  });
});

describe('find_files', () => {
  test.each([
    [{ glob: '*.ts' }, ['src/index.ts', 'src/util/deep.ts']],
    [{ glob: 'src/*.ts' }, ['src/index.ts']],
    [{ glob: '**/*.js' }, []],
    [{ glob: '**/*.js', include_ignored: true }, ['build/out.js', 'src/generated.js']],
    [{ glob: '*.log' }, ['logs/keep.log', 'sub/today.log']],
    [{ glob: 'util', type: 'directory' }, ['src/util']],
    [{ glob: 'link-*', type: 'link' }, ['link-to-etc', 'link-to-src']],
    [{ glob: '*.ts', path: 'src/util' }, ['src/util/deep.ts']],
    // Ignore files above the place where a walk begins count, too.
    [{ glob: '*.log', path: 'logs' }, ['logs/keep.log']],
    [{ glob: '*.js', path: 'src' }, []],
    [{ glob: '*.js', path: 'src', include_ignored: true }, ['src/generated.js']],
    [{ glob: '.env*' }, []],
    [{ glob: '{README,nothing}.md' }, ['README.md']],
    [{ glob: '*', path: 'many', sort: 'size', limit: 2 }, ['many/f249.dat', 'many/f248.dat']],
    [{ glob: '*', path: 'many', sort: 'mtime', limit: 1 }, ['many/f249.dat']],
    [{ glob: '*', path: 'many', min_size: 10, max_size: 11 }, ['many/f010.dat', 'many/f011.dat']],
    [
      { glob: '*', path: 'many', modified_after: '2023-11-14T22:17:27Z' },
      ['many/f247.dat', 'many/f248.dat', 'many/f249.dat'],
    ],
  ])('%j', async (args, paths) => {
    expect((await find(args)).paths).toEqual(paths);
  });

  test.each(['path', 'size', 'mtime'])(
    verifies('E7.bytes', 'pages by %s put together are the whole, each entry once'),
    async (sort) => {
      const args = { glob: '*.dat', sort };
      const whole = (await find({ ...args, limit: 1000 })).paths;
      expect(whole).toHaveLength(250);
      expect(await pages('find_files', { ...args, limit: 17 })).toEqual(whole);
    },
  );

  test('says what it passed over', async () => {
    const { complete, skipped, scanned } = Object(await find({ glob: 'nothing' }));
    expect(complete).toBe(true);
    expect(skipped).toMatchObject({ denied: 1, ignored: expect.any(Number) });
    expect(scanned).toBeGreaterThan(250);
  });

  test.each(['[', '{a', 'a\\'])('the glob %j is refused', async (glob) => {
    expect((await client.call('find_files', { glob })).text).toMatch(/^pattern\.invalid/);
  });
});

describe('search_text', () => {
  test('finds lines, with place and surroundings', async () => {
    const { hits } = Object(await search({ pattern: 'TODO', context: 1 }));
    expect(hits).toEqual([
      {
        path: 'root:src/index.ts',
        line: 2,
        column: 4,
        text: '// TODO: find me',
        before: ['export const a = 1;'],
        after: [],
      },
    ]);
  });

  test.each([
    [
      { pattern: 'find me' },
      ['README.md', 'latin1.txt', 'logs/keep.log', 'src/index.ts', 'sub/today.log'],
    ],
    [{ pattern: 'FIND ME', ignore_case: true, glob: '*.md' }, ['README.md']],
    [{ pattern: '^find\\s\\w+ here$' }, ['README.md']],
    [{ pattern: 'find me', literal: true, glob: 'src/**' }, ['src/index.ts']],
    [{ pattern: 'a = 1;', literal: true }, ['src/index.ts']],
    [{ pattern: 'findMe', mode: 'files' }, ['src/util/deep.ts']],
    [{ pattern: 'find me', path: 'build' }, ['build/out.js']],
    [{ pattern: 'find me', path: 'README.md' }, ['README.md']],
    [{ pattern: 'find me', path: '.env' }, []],
  ])('%j', async (args, paths) => {
    expect((await search(args)).paths).toEqual(paths);
  });

  test('counts, and limits what one file gives', async () => {
    expect(Object(await search({ pattern: 'findMe', mode: 'count' })).files).toEqual([
      { path: 'root:src/util/deep.ts', matches: 3 },
    ]);
    expect((await search({ pattern: 'findMe', max_per_file: 2 })).paths).toHaveLength(2);
  });

  test(verifies('E7.bytes', 'pages put together are the whole, also within a file'), async () => {
    const whole = (await search({ pattern: 'find' })).paths;
    expect(whole.length).toBeGreaterThan(6);
    for (const limit of [1, 2, 3]) {
      expect(await pages('search_text', { pattern: 'find', limit })).toEqual(whole);
      const files = await pages('search_text', { pattern: 'find', limit, mode: 'files' });
      expect(files).toEqual([...new Set(whole)]);
    }
    expect(
      await pages('search_text', { path: 'src/util/deep.ts', pattern: 'find', limit: 1 }),
    ).toHaveLength(3);
  });

  test('says what it passed over', async () => {
    const { skipped, complete } = Object(await search({ pattern: 'find' }));
    expect(complete).toBe(true);
    expect(skipped).toMatchObject({
      binary: 1,
      denied: 1,
      notUtf8: 1,
      special: 1,
      ignored: expect.any(Number),
    });
  });

  test.each([
    [
      '(?=x)',
      'pattern.invalid: The pattern cannot be used. RE2 syntax: invalid or unsupported Perl syntax.',
    ],
    ['(', 'pattern.invalid: The pattern cannot be used. RE2 syntax: missing closing ).'],
  ])(verifies('C1.no-echo', 'the pattern %j is refused in our words'), async (pattern, text) => {
    expect((await client.call('search_text', { pattern })).text).toBe(text);
  });

  test('reports progress to a client that asks for it', async () => {
    temp.write('slow/a.txt', 'x');
    for (let file = 0; file < 8000; file += 1)
      temp.write(`slow/d${String(file % 40)}/f${String(file)}.txt`, 'x'.repeat(20_000));
    const steps: number[] = [];
    const slow = await connect('v2 modern', bundle(join(temp.path, 'slow')));
    await slow.call(
      'search_text',
      { pattern: '(?:x{1,9}y?){1,9}z' },
      { onProgress: (done) => steps.push(done) },
    );
    expect(steps.length).toBeGreaterThan(0);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    await slow.close();
  });
});
