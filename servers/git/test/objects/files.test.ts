import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { blob } from '../../src/adapter/commands/blob.ts';
import { LineWindow } from '../../src/adapter/commands/line-window.ts';
import { entryAt, tree } from '../../src/adapter/commands/tree.ts';
import type { BlobText, TreeEntry } from '../../src/adapter/results.ts';
import { type Oid, parseTreePath, TOP } from '../../src/guard/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { createLiveBytes } from '../process/live-bytes.ts';
import { plainGit } from '../process/profile.ts';
import { oidOf, openByHand, type Opened } from './opened.ts';
import { commitBytes, writeLargeBlob, writeObject } from './raw.ts';

const temp = makeTemp();
const repository = `${temp.path}/repo`;
let opened: Opened;
let head: Oid;

beforeAll(() => {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  for (const name of [
    'a',
    'a.txt',
    'a-b/x',
    'dir/inner/deep/deeper.txt',
    'dir/inner.txt',
    'z\nz',
    'é',
  ]) {
    temp.write(`repo/${name}${name === 'a' ? '0' : ''}`, `${name}\n`);
  }
  temp.write('repo/a/file', 'x');
  plainGit(repository, ['add', '.']);
  const link = writeObject(repository, 'blob', '../../etc/passwd');
  const info = (mode: string, oid: string, path: string): void => {
    plainGit(repository, ['update-index', '--add', '--cacheinfo', `${mode},${oid},${path}`]);
  };
  info('120000', link, 'link');
  info('160000', '1'.repeat(40), 'module');
  info('100755', link, 'run.sh');
  plainGit(repository, ['commit', '-q', '-m', 'first']);
  head = oidOf(plainGit(repository, ['rev-parse', 'HEAD']).toString());
  opened = openByHand(temp, { gitDir: `${repository}/.git` });
});

afterAll(async () => {
  await opened.close();
  temp.remove();
});

type Text = Extract<BlobText, { kind: 'text' }>;

async function read(bytes: string | Buffer, window: Partial<Window> = {}): Promise<BlobText> {
  const oid = writeObject(repository, 'blob', bytes);
  return await blob(opened.handle(), oid, { startLine: 1, lines: 100, bytes: 10_000, ...window });
}

interface Window {
  readonly startLine: number;
  readonly lines: number;
  readonly bytes: number;
}

function text(found: BlobText): Text {
  if (found.kind !== 'text') throw new Error(found.kind);
  return found;
}

test.each([
  { name: 'empty', bytes: '', text: '', endLine: 0, totalLines: 0 },
  { name: 'one line', bytes: 'a\n', text: 'a', endLine: 1, totalLines: 1 },
  { name: 'no newline at the end', bytes: 'a\nb', text: 'a\nb', endLine: 2, totalLines: 2 },
  { name: 'an empty line', bytes: '\n', text: '', endLine: 1, totalLines: 1 },
  { name: 'empty lines', bytes: '\n\n\n', text: '\n\n', endLine: 3, totalLines: 3 },
  { name: 'ends of Windows', bytes: 'a\r\nb\r\n', text: 'a\r\nb\r', endLine: 2, totalLines: 2 },
  { name: 'a mark of UTF-8', bytes: '\xef\xbb\xbfa\n', text: 'a', endLine: 1, totalLines: 1 },
  { name: 'UTF-16', bytes: '\xff\xfea\0\n\0b\0', text: 'a\nb', endLine: 2, totalLines: 2 },
  {
    name: 'UTF-16, big end first',
    bytes: '\xfe\xff\0a\0\n\0b',
    text: 'a\nb',
    endLine: 2,
    totalLines: 2,
  },
])('a text is read by its lines: $name', async ({ bytes, text: expected, endLine, totalLines }) => {
  const found = text(await read(bytes));
  expect(found).toMatchObject({ text: expected, startLine: 1, endLine, totalLines, lossy: false });
  expect(found).toMatchObject({ nextLine: undefined, size: bytes.length });
});

test.each([
  { name: 'a NUL at the end of what git looks at', at: 7999, kind: 'binary' },
  { name: 'a NUL behind it', at: 8000, kind: 'text' },
])('a file is binary where git says so: $name', async ({ at, kind }) => {
  const bytes = `${'x'.repeat(at)}\0${'y'.repeat(70_000)}`;
  expect(await read(bytes)).toMatchObject({ kind, size: bytes.length });
});

test('bytes that are no UTF-8 are replaced, and it is said', async () => {
  expect(await read('caf\xe9\nok\n')).toMatchObject({ text: 'caf\ufffd\nok', lossy: true });
  expect(await read('caf\xe9\nok\n', { startLine: 2 })).toMatchObject({ text: 'ok', lossy: false });
});

test.each([{ lines: 7 }, { bytes: 100 }, { lines: 3, bytes: 33 }, { bytes: 1 }])(
  'windows of %j follow each other and lose nothing',
  async (window) => {
    const lines = Array.from({ length: 60 }, (_, number) => '-é'.repeat(number % 11));
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    const found: string[] = [];
    for (let next: number | undefined = 1; next !== undefined;) {
      const page: Text = text(await read(bytes, { ...window, startLine: next }));
      const cut = page.text.endsWith('…');
      expect(page).toMatchObject({ startLine: next, totalLines: 60 });
      expect(page.endLine).toBe(next + page.text.split('\n').length - 1);
      // A line alone can be larger than a window; then its beginning stands alone.
      if (cut) expect(lines[next - 1]?.startsWith(page.text.slice(0, -1))).toBe(true);
      expect(Buffer.byteLength(cut ? page.text.slice(0, -1) : page.text)).toBeLessThanOrEqual(
        window.bytes ?? 10_000,
      );
      found.push(...(cut ? [lines[next - 1] ?? ''] : page.text.split('\n')));
      expect(page.nextLine ?? page.endLine + 1).toBe(page.endLine + 1);
      next = page.nextLine;
    }
    expect(found).toEqual(lines);
  },
);

test('one line of megabytes is cut within no character, and its file counted', async () => {
  const found = text(await read(Buffer.from(`${'é'.repeat(3_000_000)}\nlast`), { bytes: 1001 }));
  expect(found.text).toBe(`${'é'.repeat(500)}…`);
  expect(found).toMatchObject({ endLine: 1, totalLines: 2, nextLine: 2, lossy: false });
});

test('a window behind the end, a blob that is too large, and what is no blob', async () => {
  await expect(read('a\nb\n', { startLine: 3 })).rejects.toMatchObject({
    code: 'line.out_of_range',
  });
  await expect(read('', { startLine: 2 })).rejects.toMatchObject({ code: 'line.out_of_range' });
  const size = LIMITS.blobBytesMax + 1;
  expect(await read(Buffer.alloc(size, 'x'))).toEqual({ kind: 'too large', size });
  const window = { startLine: 1, lines: 1, bytes: 100 };
  await expect(blob(opened.handle(), head, window)).rejects.toMatchObject({
    code: 'path.not_a_file',
  });
});

test('of an object that is streamed nothing is kept: 100 MB pass through in little memory', async () => {
  const size = 100_000_000;
  const oid = writeLargeBlob(repository, size, 'line of text');
  const lines = new LineWindow(5_000_000, 5, 1000);
  const live = createLiveBytes();
  const before = live();
  let most = 0;
  let bytes = 0;
  await opened.handle().objects.stream(oid, size, (piece) => {
    lines.push(piece);
    const measured = Math.floor(bytes / 10_000_000);
    bytes += piece.length;
    if (Math.floor(bytes / 10_000_000) > measured) most = Math.max(most, live());
  });
  expect(lines.end()).toMatchObject({ lines: 5, totalLines: Math.ceil(size / 13) });
  // All of it would be 100 MB.
  expect(most).toBeGreaterThan(0);
  expect(most - before).toBeLessThan(30_000_000);
});

function line({ kind, oid, path, size }: TreeEntry): string {
  return `${kind} ${oid} ${size ?? '-'} ${path}`;
}

/** `git ls-tree`, in the words of ours. */
function plainTree(args: readonly string[], oid: string): string[] {
  const modes: Record<string, string> = {
    '040000': 'directory',
    '100644': 'file',
    '100755': 'executable',
    '120000': 'symlink',
    '160000': 'submodule',
  };
  const printed = plainGit(repository, ['ls-tree', '-z', '-l', ...args, oid]).toString();
  return printed
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const [, mode = '', id, size, path] = /^(\S+) \S+ (\S+) +(\S+)\t([^]*)$/.exec(entry) ?? [];
      return `${modes[mode]} ${id} ${size} ${path?.replaceAll('\n', '\\u{A}')}`;
    });
}

test('a tree is listed as git lists it, at any depth and in any pages', async () => {
  const handle = opened.handle();
  const top = (await handle.objects.commits([head]))[0]?.tree ?? head;
  const all = { skip: 0, limit: 100 };
  const flat = await tree(handle, top, { depth: 1, ...all });
  expect(flat.entries.map(line)).toEqual(plainTree([], top));
  const deep = await tree(handle, top, { depth: 9, ...all });
  const whole = plainTree(['-r', '-t'], top);
  expect(deep.entries.map(line)).toEqual(whole);
  expect(deep).toMatchObject({ next: undefined, truncated: false });
  const pages: string[] = [];
  for (let next: number | undefined = 0; next !== undefined;) {
    const page = await tree(handle, top, { depth: 9, skip: next, limit: 4 });
    pages.push(...page.entries.map(line));
    expect(page.truncated).toBe(page.next !== undefined);
    next = page.next;
  }
  expect(pages).toEqual(whole);
});

test.each([
  { path: 'link', kind: 'symlink' },
  { path: 'module', kind: 'submodule' },
  { path: 'run.sh', kind: 'executable' },
  { path: 'dir/inner', kind: 'directory' },
  { path: 'dir/inner/deep/deeper.txt', kind: 'file' },
  { path: 'z\\u{A}z', kind: 'file' },
  { path: 'é', kind: 'file' },
])('what stands at a path is told with its kind: $path', async ({ path, kind }) => {
  const handle = opened.handle();
  const entry = await entryAt(handle, head, parseTreePath(path));
  const oid =
    kind === 'submodule'
      ? '1'.repeat(40)
      : (await handle.objects.at(head, parseTreePath(path)))?.oid;
  expect(entry).toMatchObject({ kind, oid, path });
});

test.each(['nothing', 'dir/nothing', 'a.txt/x', 'nothing/x', 'module/x', 'link/x'])(
  'a path that leads nowhere is unknown: %s',
  async (path) => {
    const found = entryAt(opened.handle(), head, parseTreePath(path));
    await expect(found).rejects.toMatchObject({ code: 'path.unknown' });
  },
);

test('the top is a directory', async () => {
  const handle = opened.handle();
  const [commit] = await handle.objects.commits([head]);
  expect(await entryAt(handle, head, TOP)).toMatchObject({ kind: 'directory', oid: commit?.tree });
});

test('a name that is no UTF-8, and one that holds a separator, are shown as what they are', async () => {
  const file = Buffer.from(writeObject(repository, 'blob', 'x'), 'hex').toString('latin1');
  const names = ['..', '.git', 'a/b', 'caf\xe9', 'x\x1b[31m'];
  const odd = writeObject(
    repository,
    'tree',
    names.map((name) => `100644 ${name}\0${file}`).join(''),
  );
  const found = await tree(opened.handle(), odd, { depth: 1, skip: 0, limit: 10 });
  expect(found.entries.map(({ path }) => path)).toEqual([
    '..',
    '.git',
    'a\\x{2F}b',
    'caf\\x{E9}',
    'x\\u{1B}[31m',
  ]);
});

test.each([
  { name: 'no id', bytes: '100644 a\x00123' },
  { name: 'no name', bytes: `100644 \0${'1'.repeat(20)}` },
  { name: 'no mode', bytes: ` a\0${'1'.repeat(20)}` },
  { name: 'a mode that is no number', bytes: `10x644 a\0${'1'.repeat(20)}` },
  { name: 'no end', bytes: '100644 a' },
])('a tree that is none is refused: $name', async ({ bytes }) => {
  const oid = writeObject(repository, 'tree', bytes);
  const found = tree(opened.handle(), oid, { depth: 1, skip: 0, limit: 10 });
  await expect(found).rejects.toMatchObject({ code: 'repository.broken' });
});

test(
  verifies('C10.repository-bombs', 'a small tree that holds millions of files is cut by counting'),
  async () => {
    const file = Buffer.from(writeObject(repository, 'blob', 'x'), 'hex').toString('latin1');
    const wide = (mode: string, id: string): Oid => {
      const names = Array.from({ length: 300 }, (_, index) => String(index).padStart(3, '0'));
      return writeObject(
        repository,
        'tree',
        names.map((name) => `${mode} ${name}\0${id}`).join(''),
      );
    };
    let bomb = wide('100644', file);
    for (let level = 0; level < 3; level += 1) {
      bomb = wide('40000', Buffer.from(bomb, 'hex').toString('latin1'));
    }
    const commit = writeObject(repository, 'commit', commitBytes({ tree: bomb }));
    const handle = opened.handle();
    const near = await tree(handle, bomb, { depth: 3, skip: 0, limit: 50 });
    expect(near).toMatchObject({ next: 50, truncated: true });
    const far = await tree(handle, bomb, { depth: 3, skip: 5_000_000, limit: 50 });
    expect(far).toEqual({ entries: [], next: undefined, truncated: true });
    const skip = LIMITS.treeEntriesMax - 10;
    const last = await tree(handle, bomb, { depth: 3, skip, limit: 50 });
    expect(last.entries).toHaveLength(10);
    expect(last).toMatchObject({ next: undefined, truncated: true });
    const path = parseTreePath('007/008/009/010');
    expect(await entryAt(handle, commit, path)).toMatchObject({ kind: 'file', size: 1 });
  },
);

/** A tree of one file, and the trees that name it so often. */
function wideTree(times: number, name: Buffer): Oid {
  const file = Buffer.from(writeObject(repository, 'blob', 'x'), 'hex');
  const entry = (mode: string, called: Buffer, id: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${mode} `), called, Buffer.from([0]), id]);
  const inner = writeObject(repository, 'tree', entry('100644', name, file));
  const id = Buffer.from(inner, 'hex');
  const entries = Array.from({ length: times }, (_, index) =>
    entry('40000', Buffer.from(String(index).padStart(4, '0')), id),
  );
  return writeObject(repository, 'tree', Buffer.concat(entries));
}

test(
  verifies(
    'C10.repository-bombs',
    'one name of megabytes in hundreds of directories costs nothing',
  ),
  async () => {
    const bomb = wideTree(300, Buffer.alloc(8_000_000, 'n'));
    const handle = opened.handle();
    const page = await tree(handle, bomb, { depth: 2, skip: 0, limit: 200 });
    // Names of files are not there; the directories are, and what was left out is said.
    expect(page.entries.map(({ path }) => path)).toEqual(
      Array.from({ length: 200 }, (_, index) => String(index).padStart(4, '0')),
    );
    expect(page.truncated).toBe(true);
    const path = parseTreePath('0000/n');
    const commit = writeObject(repository, 'commit', commitBytes({ tree: bomb }));
    await expect(entryAt(handle, commit, path)).rejects.toMatchObject({ code: 'path.unknown' });
  },
);

test(
  verifies('C10.repository-bombs', 'long names make a page shorter, and none is lost'),
  async () => {
    const bomb = wideTree(100, Buffer.alloc(4000, 0x80));
    const handle = opened.handle();
    const paths: string[] = [];
    let pages = 0;
    for (let next: number | undefined = 0; next !== undefined; pages += 1) {
      const page = await tree(handle, bomb, { depth: 2, skip: next, limit: 200 });
      const shown = page.entries.reduce((sum, { path }) => sum + path.length, 0);
      expect(shown).toBeLessThan(LIMITS.pagePathBytesMax + 7 * LIMITS.pathBytesMax);
      paths.push(...page.entries.map(({ path }) => path));
      next = page.next;
    }
    expect(new Set(paths).size).toBe(200);
    expect(paths).toHaveLength(200);
    expect(pages).toBeGreaterThan(10);
  },
);

test('a tree with more bytes than a tree may have is refused', async () => {
  const file = Buffer.from(writeObject(repository, 'blob', 'x'), 'hex').toString('latin1');
  const entry = `100644 ${'n'.repeat(1000)}\0${file}`;
  const oid = writeObject(repository, 'tree', entry.repeat(LIMITS.treeBytesMax / 1000));
  const found = tree(opened.handle(), oid, { depth: 1, skip: 0, limit: 10 });
  await expect(found).rejects.toMatchObject({ code: 'object.too_large' });
  const above = writeObject(
    repository,
    'tree',
    `40000 d\0${Buffer.from(oid, 'hex').toString('latin1')}`,
  );
  const listed = await tree(opened.handle(), above, { depth: 2, skip: 0, limit: 10 });
  expect(listed).toMatchObject({ entries: [{ path: 'd' }], next: undefined, truncated: true });
});
