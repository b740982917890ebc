import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { word } from '../../src/guard/argument.ts';
import { buildRepository, commit, git, type Ground, groundIn, SECRET } from './fixture.ts';
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

const subjects = async (): Promise<readonly string[]> => {
  const opened = await opening.open(ground.root, 'app');
  const log = [word('log'), word('--format=%s'), word('--all')] as const;
  return (await opening.git(opened, log)).trim().split('\n');
};

/** Past the time in which a change could hide behind another one. */
const settle = (): Promise<void> => sleep(120);

/** Opened often enough that nothing is asked again but by its time of change. */
const settled = async (): Promise<void> => {
  await settle();
  await subjects();
  await subjects();
};

test('commits, branches and a pack are seen by the next call', async () => {
  await settled();
  commit(app, 'c.txt', 'three\n', 'third');
  expect(await subjects()).toEqual(['third', 'second inside', 'first inside']);
  git(app, ['switch', '--quiet', '--create', 'topic/deep']);
  commit(app, 'd.txt', 'four\n', 'fourth');
  expect(await subjects()).toContain('fourth');
  const { profile } = await opening.open(ground.root, 'app');
  git(app, ['gc', '--quiet', '--prune=now']);
  expect(await subjects()).toHaveLength(4);
  git(app, ['branch', '--quiet', '--delete', '--force', 'main']);
  expect(await subjects()).toHaveLength(4);
  expect((await opening.open(ground.root, 'app')).profile.key).toBe(profile.key);
});

test('the branch that is checked out is the one of now', async () => {
  const branch = async (): Promise<string> =>
    opening.git(await opening.open(ground.root, 'app'), [word('symbolic-ref'), word('HEAD')]);
  await settled();
  git(app, ['switch', '--quiet', '--create', 'topic']);
  expect(await branch()).toBe('refs/heads/topic\n');
});

test('a `.git` that names another directory is followed there', async () => {
  buildRepository(join(ground.root, 'other'), 'other');
  renameSync(join(app, '.git'), join(ground.root, 'moved'));
  writeFileSync(join(app, '.git'), 'gitdir: ../moved\n');
  expect(await subjects()).toEqual(['second inside', 'first inside']);
  await settled();
  writeFileSync(join(app, '.git'), 'gitdir: ../other/.git\n');
  expect(await subjects()).toEqual(['second other', 'first other']);
});

test('another configuration makes another directory, and ends what ran on the old one', async () => {
  const { profile } = await opening.open(ground.root, 'app');
  await settled();
  git(app, ['config', 'core.autocrlf', 'input']);
  const after = (await opening.open(ground.root, 'app')).profile;
  expect(after.key).not.toBe(profile.key);
  expect(opening.over).toEqual([profile.key]);
});

test('a file that was written again as it was changes nothing', async () => {
  const { profile } = await opening.open(ground.root, 'app');
  await settled();
  const file = join(app, '.git/config');
  writeFileSync(file, readFileSync(file));
  expect((await opening.open(ground.root, 'app')).profile.key).toBe(profile.key);
});

const CHANGES: readonly (readonly [what: string, change: () => void])[] = [
  [
    'a ref becomes a link',
    () => {
      const ref = join(app, '.git/refs/heads/main');
      rmSync(ref);
      symlinkSync(join(ground.outside, 'app/.git/refs/heads/main'), ref);
    },
  ],
  [
    'a directory of refs becomes a link',
    () => {
      renameSync(join(app, '.git/refs/tags'), join(app, '.git/old'));
      symlinkSync(join(ground.outside, 'app/.git/refs/heads'), join(app, '.git/refs/tags'));
    },
  ],
  [
    'refs become a link',
    () => {
      renameSync(join(app, '.git/refs'), join(app, '.git/old'));
      symlinkSync(join(ground.outside, 'app/.git/refs'), join(app, '.git/refs'));
    },
  ],
  [
    'objects become a link',
    () => {
      renameSync(join(app, '.git/objects'), join(app, '.git/old'));
      symlinkSync(join(ground.outside, 'app/.git/objects'), join(app, '.git/objects'));
    },
  ],
  [
    'a pack appears that is a link',
    () => {
      git(join(ground.outside, 'app'), ['gc', '--quiet']);
      const from = join(ground.outside, 'app/.git/objects/pack');
      for (const name of readdirSync(from))
        symlinkSync(join(from, name), join(app, '.git/objects/pack', name));
    },
  ],
  [
    'a directory of objects appears that is a link',
    () => {
      const from = join(ground.outside, 'app/.git/objects');
      for (const name of readdirSync(from).filter((part) => part.length === 2)) {
        if (!existsSync(join(app, '.git/objects', name)))
          symlinkSync(join(from, name), join(app, '.git/objects', name));
      }
    },
  ],
  [
    'objects are borrowed from outside',
    () => {
      const from = join(ground.outside, 'app/.git/objects');
      mkdirSync(join(app, '.git/objects/info'), { recursive: true });
      writeFileSync(join(app, '.git/objects/info/alternates'), `${from}\n`);
    },
  ],
  [
    'the directory becomes a file that leads outside',
    () => {
      renameSync(join(app, '.git'), join(app, 'old'));
      writeFileSync(join(app, '.git'), `gitdir: ${join(ground.outside, 'app/.git')}\n`);
    },
  ],
  [
    'refs and objects are said to be outside',
    () => writeFileSync(join(app, '.git/commondir'), `${join(ground.outside, 'app/.git')}\n`),
  ],
  [
    'packed refs become a link',
    () => symlinkSync(join(ground.outside, 'app/.git/HEAD'), join(app, '.git/packed-refs')),
  ],
  [
    'logs appear that are a link',
    () => {
      rmSync(join(app, '.git/logs'), { recursive: true });
      symlinkSync(join(ground.outside, 'app/.git/logs'), join(app, '.git/logs'));
    },
  ],
];

test.each(CHANGES)(
  verifies('C3.repository', 'what is put in place after the first call is found by the next: %s'),
  async (_, change) => {
    await settled();
    change();
    await expect(subjects()).rejects.toThrow();
    await expect(subjects()).rejects.not.toThrow(SECRET);
  },
);

test(
  verifies('C3.repository', 'objects that are borrowed are resolved again by every call'),
  async () => {
    const victim = join(ground.outside, 'app');
    const stolen = git(victim, ['rev-parse', 'HEAD']).trim();
    // The store is within the root, as it has to be. What stands above it changes later.
    git(ground.root, ['init', '--quiet', '--bare', 'lender']);
    const lender = join(ground.root, 'lender');
    mkdirSync(join(app, '.git/objects/info'), { recursive: true });
    writeFileSync(join(app, '.git/objects/info/alternates'), `${lender}/objects\n`);
    await settled();
    renameSync(lender, join(ground.root, 'before'));
    symlinkSync(join(victim, '.git'), lender);
    const read = async (): Promise<string> => {
      const opened = await opening.open(ground.root, 'app');
      return opening.git(opened, [
        word('cat-file'),
        word('--batch-all-objects'),
        word('--batch-check'),
      ]);
    };
    await expect(read()).rejects.toMatchObject({
      code: 'repository.refused',
      detail: expect.stringContaining('objects.alternate_outside'),
    });
    rmSync(lender);
    renameSync(join(ground.root, 'before'), lender);
    expect(await read()).not.toContain(stolen);
  },
);

test(
  verifies(
    'C3.repository',
    'a ref that becomes a link is found by the next call, wherever it stands',
  ),
  async () => {
    const refs = Array.from({ length: 200 }, (_, at) => `.git/refs/heads/directory-${at}/ref`);
    const lines = refs.map((ref) => `create ${ref.slice('.git/'.length)} HEAD\n`);
    git(app, ['update-ref', '--stdin'], { input: lines.join('') });
    for (const ref of refs.filter((_, at) => at % 50 === 25).map((name) => join(app, name))) {
      await settled();
      renameSync(ref, `${ref}-before`);
      symlinkSync(join(ground.outside, 'app/.git/refs/heads/main'), ref);
      await expect(subjects()).rejects.toMatchObject({ code: 'repository.refused' });
      rmSync(ref);
      renameSync(`${ref}-before`, ref);
    }
  },
);

test(
  verifies('C3.repository', 'an object that becomes a link is found within a second or so'),
  async () => {
    await settled();
    const first = readdirSync(join(app, '.git/objects')).find(({ length }) => length === 2) ?? '';
    symlinkSync('/etc/passwd', join(app, '.git/objects', first, 'f'.repeat(38)));
    await sleep(1200);
    await expect(subjects()).rejects.toMatchObject({ code: 'repository.refused' });
  },
);

test(
  verifies('C3.repository', 'an index that was refused leaves nothing that the next one builds on'),
  async () => {
    const path = '../../outside/app/a.txt';
    const name = 'g'.repeat(path.length);
    commit(app, name, 'inside\n', 'third');
    git(app, ['update-index', '--split-index']);
    const shared = readdirSync(join(app, '.git')).find((file) => file.startsWith('sharedindex.'));
    const [directory, honest, hostile] = ['.git', 'honest', 'hostile'].map((at) => join(app, at));
    cpSync(String(directory), String(hostile), { recursive: true });
    const file = join(String(hostile), String(shared));
    const bytes = readFileSync(file, 'latin1');
    expect(bytes).toContain(name);
    writeFileSync(file, bytes.replace(name, path), 'latin1');
    const diff = async (): Promise<string> =>
      opening.git(await opening.open(ground.root, 'app'), [word('diff'), word('--no-ext-diff')]);
    await settle();
    expect(await diff()).toBe('');
    renameSync(String(directory), String(honest));
    renameSync(String(hostile), String(directory));
    expect(git(app, ['diff'])).toContain(SECRET);
    // Broken, because the honest one is still read under the name of the hostile one.
    await expect(diff()).rejects.toMatchObject({
      code: expect.stringMatching(/^repository\.(?:refused|broken)$/),
    });
    renameSync(String(directory), String(hostile));
    renameSync(String(honest), String(directory));
    expect(await diff()).toBe('');
  },
);

test('a repository that is mended is served again', async () => {
  await settled();
  const link = join(app, '.git/refs/heads/evil');
  symlinkSync('/etc/passwd', link);
  await expect(subjects()).rejects.toMatchObject({ code: 'repository.refused' });
  rmSync(link);
  expect(await subjects()).toHaveLength(2);
});
