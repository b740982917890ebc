import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { word } from '../../src/guard/argument.ts';
import { git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let opening: Opening;
let app: string;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  opening = openingIn(ground.private);
  app = join(ground.root, 'app');
});
afterEach(async () => {
  await opening.close();
  temp.remove();
});

const STATUS = [word('status'), word('--porcelain=v2'), word('--untracked-files=normal')];
const status = async (): Promise<string> =>
  opening.git(await opening.open(ground.root, 'app'), STATUS);
const facts = async (): Promise<unknown> =>
  (await opening.index(await opening.open(ground.root, 'app'))).facts;
const indexFile = (): string => join(app, '.git/index');

/** Puts another text where the path of `a.txt` stands in the index: as long, so that all else is as it was. */
function craft(path: string): void {
  const long = path.padEnd(24, 'x');
  writeFileSync(join(app, 'y'.repeat(24)), '');
  git(app, ['add', 'y'.repeat(24)]);
  const bytes = readFileSync(indexFile(), 'latin1');
  writeFileSync(indexFile(), Buffer.from(bytes.replace('y'.repeat(24), long), 'latin1'));
}

test.each([
  '../../outside/secret',
  '/etc/passwd/../passwd',
  'a/../../../etc/passwd',
  '.git/config',
  '.GIT/config',
  'sub/.git/hooks/pre',
  'git~1/config',
  'a//b',
  './a',
  '.g\u200cit/config',
])(verifies('C3.repository', 'an index with the path %s is refused'), async (path) => {
  craft(Buffer.from(path).toString('latin1'));
  await expect(facts()).rejects.toMatchObject({
    code: 'repository.refused',
    detail: expect.stringMatching(/^index\.path /),
  });
});

test('an index that is no index, or is cut off, is refused', async () => {
  const whole = readFileSync(indexFile());
  const refused = { code: 'repository.broken' };
  for (const bytes of [Buffer.alloc(0), randomBytes(4096), whole.subarray(0, 100)]) {
    writeFileSync(indexFile(), bytes);
    await expect(facts()).rejects.toMatchObject(refused);
  }
  // A number of entries that are not there.
  const many = Buffer.from(whole);
  many.writeUInt32BE(0xffff_ffff, 8);
  writeFileSync(indexFile(), many);
  await expect(facts()).rejects.toMatchObject(refused);
});

/** An index with one entry of version 2, whose length and whose bytes need not fit. */
function oneEntry(said: number, name: string): Buffer {
  const head = Buffer.alloc(12);
  head.write('DIRC');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(1, 8);
  const fixed = Buffer.alloc(62);
  fixed.writeUInt32BE(0o100644, 24);
  fixed.write(git(app, ['rev-parse', 'HEAD:a.txt']).trim(), 40, 'hex');
  fixed.writeUInt16BE(said, 60);
  const entry = Buffer.concat([fixed, Buffer.from(name, 'latin1')]);
  const padded = Buffer.concat([entry, Buffer.alloc(8 - (entry.length % 8))]);
  const body = Buffer.concat([head, padded]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

test.each([
  // It is listed as `.gitx`, and written again as `.git`.
  ['whose name has no end', 4, '.gitx'],
  ['whose name ends before its length', 5, 'a\0b/c'],
  ['whose name is longer than its length', 1, 'a.txt'],
  ['whose length is said to be too large to say', 0xfff, 'a.txt'],
])(verifies('C3.repository', 'an index with an entry %s is refused'), async (_, said, name) => {
  writeFileSync(indexFile(), oneEntry(name.length, name.replace('\0', '-')));
  expect(await facts()).toMatchObject({ entries: 1 });
  await setTimeout(200);
  writeFileSync(indexFile(), oneEntry(said, name));
  await expect(facts()).rejects.toMatchObject({ code: 'repository.broken' });
});

test(
  verifies('C3.repository', 'our copy is looked through again when git has written it'),
  async () => {
    await setTimeout(200);
    const opened = await opening.open(ground.root, 'app');
    const { file } = await opening.index(opened);
    // What a git would write that does not write what it read.
    writeFileSync(file, oneEntry(9, '../secret'));
    await expect(opening.index(opened)).rejects.toMatchObject({
      code: 'repository.refused',
      detail: expect.stringMatching(/^index\.path /),
    });
  },
);

test(
  verifies(
    'C3.repository',
    'what git has written for itself is not exchanged for what has its name',
  ),
  async () => {
    git(app, ['update-index', '--split-index']);
    await setTimeout(200);
    const opened = await opening.open(ground.root, 'app');
    const name = readdirSync(join(app, '.git')).find((file) => file.startsWith('sharedindex.'));
    const honest = join(app, '.git', name ?? '');
    const own = join(opened.profile.gitDir, name ?? '');
    copyFileSync(honest, own);
    const bytes = readFileSync(own, 'latin1');
    writeFileSync(honest, bytes.replace('b.txt', '.git/'), 'latin1');
    expect((await opening.index(opened)).facts.entries).toBe(2);
    expect(readFileSync(own, 'latin1')).toBe(bytes);
  },
);

test('what stands in an index is counted', async () => {
  git(app, ['update-index', '--assume-unchanged', 'a.txt']);
  git(app, ['update-index', '--skip-worktree', 'b.txt']);
  const oid = git(app, ['rev-parse', 'HEAD']).trim();
  git(app, ['update-index', '--add', '--cacheinfo', `160000,${oid},module`]);
  expect(await facts()).toEqual({ entries: 3, assumeUnchanged: 1, skipWorktree: 1, submodules: 1 });
  const { profile } = await opening.open(ground.root, 'app');
  expect(profile.warnings).toEqual(['submodules_not_inspected', 'hidden_index_flags']);
});

test('a repository without an index has an empty one', async () => {
  git(ground.root, ['init', '--quiet', 'fresh']);
  const opened = await opening.open(ground.root, 'fresh');
  expect((await opening.index(opened)).facts.entries).toBe(0);
  writeFileSync(join(ground.root, 'fresh', 'new'), '');
  expect(await opening.git(opened, STATUS)).toBe('? new\n');
  git(join(ground.root, 'fresh'), ['add', 'new']);
  expect((await opening.index(opened)).facts.entries).toBe(1);
});

test('a change that is as young as the index is not hidden by the copy', async () => {
  // "Racy git": the file changes without its size or its second, after the index was written.
  const file = join(app, 'a.txt');
  const second = Math.floor(Date.now() / 1000) - 100;
  utimesSync(file, second, second);
  git(app, ['update-index', '--refresh']);
  utimesSync(indexFile(), second, second);
  writeFileSync(file, 'INSIDE\n');
  utimesSync(file, second, second);
  const changed = git(app, ['-c', 'core.trustctime=false', 'diff-files', '--name-only']);
  git(app, ['config', 'core.trustctime', 'false']);
  git(app, ['config', 'core.checkstat', 'minimal']);
  expect(changed).toBe('a.txt\n');
  expect(await status()).toMatch(/^1 \.M .* a\.txt\n$/);
  // Nor by the refreshing of the copy.
  expect(await status()).toMatch(/^1 \.M .* a\.txt\n$/);
});

test('a status writes the copy, and remembers directories there', async () => {
  mkdirSync(join(app, 'deep/er'), { recursive: true });
  writeFileSync(join(app, 'deep/er/tracked'), '');
  git(app, ['add', 'deep']);
  writeFileSync(join(app, 'deep/er/new'), '');
  const before = statSync(indexFile(), { bigint: true });
  // An index that was written a moment ago is copied again by each call.
  await setTimeout(200);
  expect(await status()).toMatch(/^1 A\. .* deep\/er\/tracked\n\? deep\/er\/new\n$/);
  expect(await status()).toMatch(/\n\? deep\/er\/new\n$/);
  const { file } = await opening.index(await opening.open(ground.root, 'app'));
  expect(readFileSync(file, 'latin1')).toContain('UNTR');
  expect(readFileSync(indexFile(), 'latin1')).not.toContain('UNTR');
  const { ino, mtimeNs, ctimeNs } = statSync(indexFile(), { bigint: true });
  expect(before).toMatchObject({ ino, mtimeNs, ctimeNs });
  appendFileSync(join(app, 'deep/er/newer'), '');
  expect(await status()).toMatch(/\n\? deep\/er\/new\n\? deep\/er\/newer\n$/);
});

test(
  verifies('C3.repository', 'what an index remembers of the work tree is not believed'),
  async () => {
    writeFileSync(join(app, 'untracked'), '');
    // git remembers nothing of a directory that is as young as its index.
    utimesSync(app, 1_700_000_000, 1_700_000_000);
    git(app, ['update-index', '--untracked-cache']);
    // Twice, because git fills its memory when it is asked the second time.
    git(app, ['status']);
    git(app, ['status']);
    const crafted = readFileSync(indexFile(), 'latin1');
    expect(crafted).toContain('UNTR');
    expect(crafted).toContain('untracked\0');
    // The memory now says that there is a file, which there is not.
    writeFileSync(
      indexFile(),
      Buffer.from(crafted.replace('untracked\0', 'forgeries\0'), 'latin1'),
    );
    expect(git(app, ['status', '--porcelain'])).toContain('forgeries');
    expect(await status()).toBe('? untracked\n');
  },
);

test.each(['2', '3', '4'])('an index of version %s is taken apart as git does', async (version) => {
  const names = ['a', 'ab', 'ab/c', 'ab/cd/e', 'b/'.repeat(100), 'z'.repeat(200), 'ü/ä'];
  for (const name of names.map((text) => `${text}file`)) {
    mkdirSync(dirname(join(app, name)), { recursive: true });
    writeFileSync(join(app, name), name);
  }
  git(app, ['add', '.']);
  if (version === '3') git(app, ['update-index', '--skip-worktree', 'ab/cfile']);
  git(app, ['update-index', '--index-version', version]);
  git(app, ['update-index', '--untracked-cache']);
  git(app, ['status']);
  expect(readFileSync(indexFile()).readUInt32BE(4)).toBe(Number(version));
  expect(await facts()).toMatchObject({ entries: names.length + 2 });
  const { file } = await opening.index(await opening.open(ground.root, 'app'));
  const [real, copy] = [readFileSync(indexFile()), readFileSync(file)];
  expect(copy.toString('latin1')).toBe(real.toString('latin1').replace('UNTR', 'XNTR'));
  expect(await status()).toBe(git(app, STATUS));
});

test('a split index is read with the part that it is split from', async () => {
  git(app, ['update-index', '--split-index']);
  writeFileSync(join(app, 'c.txt'), 'c\n');
  git(app, ['add', 'c.txt']);
  expect(readdirSync(join(app, '.git')).some((name) => name.startsWith('sharedindex.'))).toBe(true);
  expect(await facts()).toMatchObject({ entries: 3 });
  expect(await status()).toBe(git(app, STATUS));
});

test(
  verifies('C10.repository-bombs', 'two hundred thousand entries are looked through'),
  async () => {
    const blob = git(app, ['rev-parse', 'HEAD:a.txt']).trim();
    const lines = Array.from(
      { length: 200_000 },
      (_, at) => `100644 ${blob}\tdirectory-${at % 100}/a-file-with-a-name-${at}\n`,
    );
    git(app, ['update-index', '--index-info'], { input: lines.join('') });
    const before = process.memoryUsage().rss;
    expect(await facts()).toMatchObject({ entries: 200_002 });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  },
  120_000,
);
