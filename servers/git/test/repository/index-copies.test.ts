import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { makeTemp } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

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
