import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createRepositories, findGit, type Repositories } from '../../src/adapter/index.ts';
import type { LogQuery, Repository } from '../../src/adapter/repository.ts';
import { parseRepositoryId, parseRevision } from '../../src/guard/index.ts';
import { commit, git, type Ground, groundIn } from './fixture.ts';
import { someTime } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let repositories: Repositories;
let app: string;
let aside: string;
beforeEach(async () => {
  temp = makeTemp();
  ground = groundIn(temp);
  app = join(ground.root, 'app');
  aside = join(ground.root, 'aside');
  mkdirSync(join(app, 'd'));
  commit(app, 'd/file.txt', 'committed\n', 'third inside');
  appendFileSync(join(app, 'd/file.txt'), 'changed\n');
  // One that has the same shape: what git was shown leads to its objects as well.
  for (const repository of [app, join(ground.outside, 'app')]) git(repository, ['gc', '--quiet']);
  repositories = served(findGit(undefined) ?? '');
  await log(await open());
  // What is done now is older than any call that follows.
  await sleep(100);
});
afterEach(async () => {
  await repositories.close();
  temp.remove();
});

const served = (binary: string): Repositories =>
  createRepositories({
    roots: [{ name: 'root', path: ground.root }],
    git: binary,
    privateDirectory: ground.private,
    prefix: 'secure-mcp-git-',
    onWarning: () => undefined,
  });

const open = async (): Promise<Repository> =>
  repositories.open(parseRepositoryId('root/app'), someTime(), ['root']);

async function log(repository: Repository): Promise<readonly string[]> {
  const from = await repository.commitOf(parseRevision('HEAD'));
  const nothing = { path: undefined, author: undefined, message: undefined, since: undefined };
  const query: LogQuery = {
    ...nothing,
    from,
    exclude: [],
    follow: false,
    changedText: undefined,
    until: undefined,
    firstParent: false,
    noMerges: false,
    files: false,
    skip: 0,
    limit: 10,
  };
  return (await repository.log(query)).commits.map(({ subject }) => subject);
}

const QUERY = { paths: [], context: 3, ignoreWhitespace: false, patch: true, skip: 0 } as const;
async function diff(repository: Repository): Promise<string> {
  const sizes = { patchBytes: 10_000, limit: 10 };
  return (await repository.diff({ ...QUERY, ...sizes, what: { mode: 'unstaged' } })).patch;
}

const REFUSED = { code: 'repository.moved' };
/** Away and back: what stands there is what stood there. Nothing above its own directory shows it. */
const andBack = (path: string): void => {
  const away = join(dirname(path), 'away');
  renameSync(path, away);
  renameSync(away, path);
};

const MOVES: readonly (readonly [what: string, move: () => void])[] = [
  [
    'the repository becomes a link',
    () => {
      renameSync(app, aside);
      symlinkSync(join(ground.outside, 'app'), app);
    },
  ],
  [
    'refs become a link',
    () => {
      renameSync(join(app, '.git/refs'), join(app, '.git/away'));
      symlinkSync(join(ground.outside, 'app/.git/refs'), join(app, '.git/refs'));
    },
  ],
  [
    'another repository takes its place',
    () => {
      renameSync(app, aside);
      renameSync(join(ground.outside, 'app'), app);
    },
  ],
  ['the repository was away', () => andBack(app)],
  [
    'the repository was away, and looks like one in which somebody works',
    () => {
      andBack(app);
      writeFileSync(join(app, 'new.txt'), '');
    },
  ],
  ['.git was away', () => andBack(join(app, '.git'))],
  ['the packs were away', () => andBack(join(app, '.git/objects/pack'))],
];

describe('between the look and the answer', () => {
  test.each(MOVES)(verifies('C3.repository', '%s: there is no answer'), async (_, move) => {
    const repository = await open();
    move();
    await expect(log(repository)).rejects.toMatchObject(REFUSED);
  });

  test('a repository that was put back is served by the next call', async () => {
    const repository = await open();
    andBack(app);
    await expect(log(repository)).rejects.toMatchObject(REFUSED);
    expect(await log(await open())).toHaveLength(3);
  });

  test.each([
    ['each time: there is no answer', 'true'],
    ['once: it is compared again', 'rm "$0.on"'],
  ])(
    verifies('C3.repository', 'a directory of the work tree is away while git compares it, %s'),
    async (_, once) => {
      // It is made to look like one in which somebody works, which does not help.
      const moves = 'mv d .git/aside; mv .git/aside d; : > d/x; rm d/x';
      const program = join(temp.path, 'moving-git');
      const lines = [
        '#!/bin/sh',
        'PATH=/usr/bin:/bin',
        `case "$*" in *--patch*) if [ -e "$0.on" ]; then (cd '${app}'; ${moves}); ${once}; fi;; esac`,
        `exec ${findGit(undefined) ?? ''} "$@"`,
      ];
      writeFileSync(program, `${lines.join('\n')}\n`, { mode: 0o755 });
      writeFileSync(`${program}.on`, '');
      await repositories.close();
      repositories = served(program);
      const answer = diff(await open());
      if (once === 'true') await expect(answer).rejects.toMatchObject(REFUSED);
      else expect(await answer).toContain('+changed');
    },
  );

  test('somebody who works in it meanwhile is no reason to refuse', async () => {
    const repository = await open();
    writeFileSync(join(app, 'new.txt'), 'new\n');
    git(app, ['add', 'new.txt']);
    git(app, ['commit', '--quiet', '--message', 'fourth']);
    git(app, ['gc', '--quiet']);
    writeFileSync(join(app, 'd/other.txt'), 'new\n');
    rmSync(join(app, 'd/other.txt'));
    writeFileSync(join(app, 'd/file.txt.new'), 'saved\n');
    renameSync(join(app, 'd/file.txt.new'), join(app, 'd/file.txt'));
    expect((await log(repository)).length).toBeGreaterThanOrEqual(3);
    expect(await diff(repository)).toContain('+saved');
  });
});
