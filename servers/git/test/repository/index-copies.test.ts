import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createIndexCopies } from '../../src/adapter/repository/index-copies.ts';
import { word } from '../../src/guard/argument.ts';
import { groundOf } from '../commands/handle.ts';
import { type Caller, makeCaller } from '../tools/caller.ts';
import { buildRepository, git } from './fixture.ts';

let temp: ReturnType<typeof makeTemp>;
let app: string;
let caller: Caller;
beforeEach(() => {
  temp = makeTemp();
  app = join(temp.path, 'app');
  buildRepository(app, 'inside');
  for (let at = 0; at < 200; at += 1) writeFileSync(join(app, `file-${at}`), '');
  git(app, ['add', '.']);
  git(app, ['commit', '--quiet', '--message', 'many']);
  caller = makeCaller({ app });
});
afterEach(async () => {
  await caller.close();
  temp.remove();
});

const indexFile = (): string => join(app, '.git/index');
const countsOf = async (): Promise<unknown> => (await caller.call('git_status')).output['counts'];
const CLEAN = { staged: 0, unstaged: 0, untracked: 0, conflicts: 0, hidden: 0 };

/** A time in the future tells nothing of what comes after: each call has the index copied again. */
function keepUnsettled(): void {
  const later = Date.now() / 1000 + 100_000;
  utimesSync(indexFile(), later, later);
}

test('calls side by side each read the index that they asked for, while it changes all the time', async () => {
  keepUnsettled();
  for (let round = 0; round < 4; round += 1) {
    const all = await Promise.all(Array.from({ length: 24 }, () => countsOf()));
    expect(all).toEqual(all.map(() => CLEAN));
  }
}, 120_000);

test('a copy stays for as long as a call holds it, and no longer', async () => {
  keepUnsettled();
  const ground = groundOf(app);
  try {
    const handles = [];
    for (let at = 0; at < 8; at += 1) {
      const handle = await ground.open();
      await handle.index();
      handles.push(handle);
    }
    const { gitDir } = (await ground.open()).profile;
    const copies = (): readonly string[] =>
      readdirSync(gitDir).filter((name) => name.startsWith('index-'));
    expect(copies()).toHaveLength(8);
    writeFileSync(join(gitDir, 'index-1.lock'), 'of a git that was killed');
    for (const handle of handles) handle.release();
    expect(copies()).toEqual(['index-8']);
  } finally {
    await ground.close();
  }
}, 60_000);

test('a copy that was taken away refuses, and is made again', async () => {
  const ground = groundOf(app);
  try {
    const handle = await ground.open();
    await handle.index();
    rmSync(join(handle.profile.gitDir, 'index-1'));
    const files = { args: [word('ls-files')] };
    await expect(handle.git(files, () => {})).rejects.toMatchObject({ code: 'repository.broken' });
    expect(await handle.index()).toMatchObject({ entries: 202 });
    await expect(handle.git(files, () => {})).resolves.toMatchObject({ code: 0 });
  } finally {
    await ground.close();
  }
}, 60_000);

test('a call that ends while it copies leaves nothing behind', async () => {
  keepUnsettled();
  const ground = groundOf(app);
  try {
    const handle = await ground.open();
    const ours = (): readonly string[] =>
      readdirSync(handle.profile.gitDir).filter((name) => name.startsWith('index-'));
    const copying = handle.index();
    while (ours().length === 0) await setImmediate();
    handle.cancel();
    await expect(copying).rejects.toThrow();
    expect(ours()).toEqual([]);
  } finally {
    await ground.close();
  }
}, 60_000);

/** An index without entries, in which somebody put away so many bytes; sparse, so that it costs nothing. */
function writeHollow(file: string, bytes: number): void {
  const head = Buffer.alloc(20);
  head.write('DIRC');
  head.writeUInt32BE(2, 4);
  head.write('XXXX', 12);
  head.writeUInt32BE(bytes, 16);
  writeFileSync(file, head);
  truncateSync(file, head.length + bytes + 20);
}

const MEBIBYTE = 1 << 20;

/** What the files of a directory take on the disk, in bytes. */
const bytesIn = (directory: string): number =>
  readdirSync(directory)
    .map((name) => lstatSync(join(directory, name)).blocks * 512)
    .reduce((sum, bytes) => sum + bytes, 0);

test(
  verifies('C10.repository-bombs', 'an index takes as much of the disk as it is worth'),
  async () => {
    git(app, ['update-index', '--split-index']);
    writeFileSync(join(app, 'file-0'), 'changed');
    git(app, ['add', '.']);
    for (let at = 0; at < 4; at += 1)
      writeHollow(join(app, `.git/sharedindex.${String(at).repeat(40)}`), 32 * MEBIBYTE);
    const ground = groundOf(app);
    try {
      const handle = await ground.open();
      expect(await handle.index()).toMatchObject({ entries: 202 });
      const { gitDir } = handle.profile;
      expect(readdirSync(gitDir).filter((name) => name.startsWith('sharedindex.'))).toHaveLength(1);
      expect(bytesIn(gitDir)).toBeLessThan(MEBIBYTE);
      // The one that is needed, with so much behind it that git does not read.
      writeHollow(indexFile(), 32 * MEBIBYTE);
      const after = await ground.open();
      expect(await after.index()).toMatchObject({ entries: 0 });
      expect(bytesIn(gitDir)).toBeLessThan(MEBIBYTE);
    } finally {
      await ground.close();
    }
  },
  60_000,
);

test(
  verifies('C3.repository', 'what an index builds on is not exchanged while a call reads it'),
  async () => {
    git(app, ['update-index', '--split-index']);
    const name = readdirSync(join(app, '.git')).find((file) => file.startsWith('sharedindex.'));
    const file = join(app, '.git', name ?? '');
    const honest = readFileSync(file, 'latin1');
    const hostile = honest.replace('file-0', '../etc');
    const ground = groundOf(app);
    try {
      const first = await ground.open();
      await first.index();
      keepUnsettled();
      writeFileSync(file, hostile, 'latin1');
      const second = await ground.open();
      await expect(second.index()).rejects.toMatchObject({ code: 'repository.broken' });
      let listed = '';
      await first.git({ args: [word('ls-files')] }, (piece) => {
        listed += piece.toString();
      });
      expect(listed.split('\n')).toContain('file-0');
      // Once nobody reads the honest one, the hostile one is looked through, and leaves nothing behind.
      first.release();
      await expect((await ground.open()).index()).rejects.toThrow();
      const { gitDir } = first.profile;
      expect(readdirSync(gitDir).filter((entry) => /index[-.]/.test(entry))).toEqual([]);
      writeFileSync(file, honest, 'latin1');
      expect(await second.index()).toMatchObject({ entries: 202 });
    } finally {
      await ground.close();
    }
  },
  60_000,
);

test(verifies('C10.repository-bombs', 'copies that calls hold are bounded in bytes'), () => {
  const file = temp.write('copy', 'a copy');
  const other = temp.write('other', 'another copy');
  const copies = createIndexCopies(100);
  const [first, second, third] = [copies.lease(), copies.lease(), copies.lease()];
  first.add(file, 60);
  const shared = first.share();
  expect(() => second.add(other, 60)).toThrow(Refusal);
  first.release();
  expect(existsSync(file)).toBe(true);
  shared.release();
  expect(existsSync(file)).toBe(false);
  third.add(other, 100);
  third.release();
  expect(existsSync(other)).toBe(false);
});
