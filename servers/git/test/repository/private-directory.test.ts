import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { makeTemp, treeDigest, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createPrivateRoot } from '../../src/adapter/repository/private-root.ts';
import { word } from '../../src/guard/argument.ts';
import { commit, git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn, someTime } from './opening.ts';

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

const LOG = [word('log'), word('--format=%H %s'), word('--all')];

test(
  verifies('C6.travelling', 'settings that are not on the list are not shown to git'),
  async () => {
    writeFileSync(join(app, 'evil.gitconfig'), '[core]\n\tfsmonitor = touch included\n');
    const settings = {
      'core.fsmonitor': 'touch executed',
      'core.worktree': ground.outside,
      'include.path': '../evil.gitconfig',
      'filter.evil.clean': 'touch executed',
      'diff.external': 'touch executed',
      'hook.evil.command': 'touch executed',
      'alias.log': '!touch executed',
      'something.nobody': 'knows',
      'core.filemode': 'false',
      'branch.main.remote': 'origin',
      'branch.main.merge': 'refs/heads/main',
    };
    for (const [key, value] of Object.entries(settings)) git(app, ['config', key, value]);
    const { profile } = await opening.open(ground.root, 'app');
    const shown = readFileSync(join(profile.gitDir, 'config'), 'latin1');
    expect(shown).not.toMatch(/touch|outside|include|evil|alias|nobody/);
    expect(shown).toContain('filemode = "false"');
    expect(shown).toContain('merge = "refs/heads/main"');
  },
);

test(verifies('C6.travelling', 'reading changes nothing in the repository'), async () => {
  const before = treeDigest(app);
  const opened = await opening.open(ground.root, 'app');
  await opening.git(opened, LOG);
  await opening.git(opened, [word('status'), word('--porcelain=v2')]);
  await opening.open(ground.root, 'app');
  expect(treeDigest(app)).toBe(before);
  await opening.close();
  expect(treeDigest(app)).toBe(before);
});

test.each(['loose', 'packed', 'loose and packed'])(
  verifies('C6.travelling', 'a merge whose result is there already sets no times: %s'),
  async (how) => {
    if (how !== 'loose') git(app, ['gc', '--quiet']);
    if (how !== 'packed') commit(app, 'c.txt', 'three\n', 'third');
    // What a merge has to write is the tree of HEAD itself, so that git finds it and wants to keep it young.
    const merge = [word('merge-tree'), word('--write-tree'), word('HEAD'), word('HEAD~1')];
    const before = treeDigest(app);
    const opened = await opening.open(ground.root, 'app');
    const tree = await opening.git(opened, merge);
    expect(treeDigest(app)).toBe(before);
    expect(tree).toBe(git(app, ['rev-parse', 'HEAD^{tree}']));
  },
);

test('what git prints is what plain git prints', async () => {
  git(app, ['tag', '--annotate', '--message', 'one', 'v1']);
  git(app, ['pack-refs', '--all']);
  git(app, ['gc', '--quiet']);
  writeFileSync(join(app, 'a.txt'), 'changed\n');
  writeFileSync(join(app, 'new.txt'), 'new\n');
  git(app, ['add', 'new.txt']);
  writeFileSync(join(app, 'untracked.txt'), 'untracked\n');
  const opened = await opening.open(ground.root, 'app');
  const commands = [
    LOG,
    [word('status'), word('--porcelain=v2'), word('--branch')],
    [word('for-each-ref')],
    [word('diff'), word('--no-ext-diff')],
    [word('diff'), word('--no-ext-diff'), word('--cached')],
    [word('log'), word('-g'), word('--format=%H %gs'), word('HEAD')],
  ];
  for (const args of commands) {
    expect(await opening.git(opened, args)).toBe(git(app, args));
  }
});

test.runIf(process.getuid?.() === 0)('a repository of another user is read', async () => {
  spawnSync('chown', ['-R', '65534:65534', app]);
  chownSync(app, 65534, 65534);
  expect(() => git(app, ['log'])).toThrow(/dubious ownership/);
  expect(await opening.git(await opening.open(ground.root, 'app'), LOG)).toContain('second inside');
});

test(
  verifies('C3.repository', 'an alternate within the root is used, one outside is refused'),
  async () => {
    git(ground.root, ['clone', '--quiet', '--shared', app, 'borrower']);
    expect(await opening.git(await opening.open(ground.root, 'borrower'), LOG)).toContain('second');
    git(ground.root, ['clone', '--quiet', '--shared', join(ground.outside, 'app'), 'thief']);
    await expect(opening.open(ground.root, 'thief')).rejects.toMatchObject({
      code: 'repository.refused',
      detail: expect.stringContaining('objects.alternate_outside'),
    });
  },
);

test(verifies('C3.repository', 'of a refused repository git is shown nothing'), async () => {
  symlinkSync(join(ground.outside, 'app/.git/HEAD'), join(app, '.git/refs/heads/evil'));
  const layout = opening.layout(ground.root, 'app');
  const shown = await opening.keeper.inspect(layout, someTime(), true, ({ prepared, report }) => {
    expect(report.refused).toBe(true);
    return [...readdirSync(prepared.directory), ...readdirSync(join(prepared.directory, 'refs'))];
  });
  expect(shown).toContain('refs');
  for (const name of ['store0', 'logs', 'heads']) expect(shown).not.toContain(name);
});

test('a sparse index is read whole', async () => {
  mkdirSync(join(app, 'kept'));
  mkdirSync(join(app, 'left/out'), { recursive: true });
  commit(app, 'kept/a', 'a', 'kept');
  commit(app, 'left/out/b', 'b', 'left out');
  git(app, ['sparse-checkout', 'set', '--cone', '--sparse-index', 'kept']);
  const opened = await opening.open(ground.root, 'app');
  const { facts } = await opening.index(opened);
  expect(facts).toMatchObject({ entries: 4, skipWorktree: 1 });
  expect(opened.profile.warnings).toEqual(['sparse']);
  const status = [word('status'), word('--porcelain=v2'), word('--branch')];
  expect(await opening.git(opened, status)).toBe(git(app, status));
});

test('linked work trees have their own HEAD, index, refs and logs', async () => {
  git(app, ['worktree', 'add', '--quiet', '-b', 'topic', join(ground.root, 'linked')]);
  const linked = join(ground.root, 'linked');
  git(linked, ['update-ref', 'refs/worktree/mine', 'HEAD~1']);
  writeFileSync(join(linked, 'staged.txt'), 'staged\n');
  git(linked, ['add', 'staged.txt']);
  const opened = await opening.open(ground.root, 'linked');
  for (const args of [
    [word('status'), word('--porcelain=v2'), word('--branch')],
    [word('log'), word('-g'), word('--format=%H %gs'), word('HEAD')],
    [word('rev-parse'), word('HEAD'), word('main'), word('refs/worktree/mine')],
  ]) {
    expect(await opening.git(opened, args)).toBe(git(linked, args));
  }
});

test.each([
  ['sha256', ['init', '--quiet', '--template=', '--object-format=sha256']],
  ['sha1', ['init', '--quiet', '--template=']],
])('an empty repository and a first commit in %s are read', async (format, init) => {
  const repository = join(ground.root, 'fresh');
  mkdirSync(repository);
  git(repository, init);
  const empty = await opening.open(ground.root, 'fresh');
  expect(empty.profile.objectFormat).toBe(format);
  expect(await opening.git(empty, [word('status'), word('--porcelain')])).toBe('');
  writeFileSync(join(repository, 'a'), 'a');
  git(repository, ['add', 'a']);
  git(repository, ['commit', '--quiet', '--message', 'first']);
  const opened = await opening.open(ground.root, 'fresh');
  expect(await opening.git(opened, LOG)).toBe(git(repository, LOG));
});

test('shallow, sparse and partial repositories say so', async () => {
  const url = `file://${app}`;
  git(ground.root, ['clone', '--quiet', '--depth=1', url, 'shallow']);
  git(app, ['config', 'uploadpack.allowFilter', 'true']);
  git(ground.root, ['clone', '--quiet', '--filter=blob:none', url, 'partial']);
  git(ground.root, ['clone', '--quiet', app, 'sparse']);
  git(join(ground.root, 'sparse'), ['sparse-checkout', 'set', 'nothing']);
  for (const name of ['shallow', 'partial', 'sparse'] as const) {
    const opened = await opening.open(ground.root, name);
    expect(opened.profile.warnings).toEqual([name]);
    expect(await opening.git(opened, LOG)).toBe(git(join(ground.root, name), LOG));
    const status = [word('status'), word('--porcelain=v2'), word('--branch')];
    expect(await opening.git(opened, status)).toBe(git(join(ground.root, name), status));
  }
});

test(
  verifies('E12.private', 'only its owner can enter the private directory, and it goes'),
  async () => {
    const { profile } = await opening.open(ground.root, 'app');
    const [name = ''] = readdirSync(ground.private);
    expect(statSync(join(ground.private, name)).mode & 0o777).toBe(0o700);
    expect(statSync(profile.gitDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(profile.gitDir, 'config')).mode & 0o777).toBe(0o600);
    expect(await opening.close()).toBe(true);
    expect(readdirSync(ground.private)).toEqual([]);
    expect(existsSync(join(app, '.git/refs/heads/main'))).toBe(true);
  },
);

test(
  verifies('E12.private', 'what a killed server left is removed by the next, and nothing else'),
  () => {
    const prefix = 'secure-mcp-git-';
    const first = createPrivateRoot({ parent: ground.private, prefix });
    first.make('x');
    const [own = ''] = readdirSync(ground.private);
    const [, , , pid = '', where = ''] = own.split('-');
    // The highest number that a process can have is one that none has here.
    const dead = `${prefix}4194303-${where}-abcdef`;
    const kept = [
      `${prefix}4194303-elsewhere000-abcdef`,
      `${prefix}${pid}-${where}-ghijkl`,
      `${prefix}no-number`,
      'another',
    ];
    for (const name of [dead, ...kept]) mkdirSync(join(ground.private, name));
    symlinkSync(app, join(ground.private, dead, 'link'));
    symlinkSync(app, join(ground.private, `${prefix}4194302-${where}-linked`));
    createPrivateRoot({ parent: ground.private, prefix }).make('y');
    const left = readdirSync(ground.private);
    expect(left).not.toContain(dead);
    expect(left).toEqual(expect.arrayContaining([own, ...kept]));
    expect(existsSync(join(app, 'a.txt'))).toBe(true);
  },
);

/** Puts a directory of somebody else in the place of ours, with a program that git runs when it compares. */
function plant(canary: string): string {
  const [name = ''] = readdirSync(ground.private);
  const place = join(ground.private, name);
  renameSync(place, join(temp.path, 'taken'));
  cpSync(join(temp.path, 'taken'), place, { recursive: true, verbatimSymlinks: true });
  chmodSync(place, 0o700);
  const planted = join(place, '1');
  const filter = `[filter "x"]\n\tclean = ": > '${canary}'; cat"\n`;
  appendFileSync(join(planted, 'config'), filter);
  writeFileSync(join(planted, 'info/attributes'), '* filter=x\n');
  writeFileSync(join(app, 'a.txt'), 'outside\n');
  // It bites whoever uses it.
  const env = { ...process.env, GIT_DIR: planted, GIT_WORK_TREE: app };
  const index = { GIT_INDEX_FILE: join(planted, 'index-1') };
  spawnSync('git', ['diff'], { cwd: app, env: { ...env, ...index } });
  expect(existsSync(canary)).toBe(true);
  rmSync(canary);
  return place;
}

const DIFF = [word('diff'), word('--no-ext-diff')];

test(
  verifies('E12.private', 'what somebody put in the place of the private directory is not used'),
  async () => {
    await opening.git(await opening.open(ground.root, 'app'), DIFF);
    const canary = join(temp.path, 'canary');
    const place = plant(canary);
    const opened = await opening.open(ground.root, 'app');
    expect(await opening.git(opened, DIFF)).toContain('+outside');
    expect(existsSync(canary)).toBe(false);
    expect(opened.profile.gitDir.startsWith(place)).toBe(false);
    // Nor is it removed: it is not ours.
    await opening.close();
    expect(readdirSync(ground.private)).toEqual([basename(place)]);
    expect(existsSync(join(place, '1/config'))).toBe(true);
  },
);

test(
  verifies('E12.private', 'nor is it removed in the place of ours, when that is all there is'),
  () => {
    const root = createPrivateRoot({ parent: ground.private, prefix: 'secure-mcp-git-' });
    const made = root.make('1');
    renameSync(dirname(made), join(temp.path, 'taken'));
    mkdirSync(made, { recursive: true });
    chmodSync(dirname(made), 0o700);
    writeFileSync(join(made, 'config'), 'theirs');
    root.drop(made);
    expect(root.close()).toBe(false);
    expect(readFileSync(join(made, 'config'), 'utf8')).toBe('theirs');
  },
);

test.runIf(process.platform !== 'win32')(
  verifies('E12.private', 'a private directory that others may enter by now is left'),
  async () => {
    const { profile } = await opening.open(ground.root, 'app');
    chmodSync(dirname(profile.gitDir), 0o777);
    const after = (await opening.open(ground.root, 'app')).profile;
    expect(dirname(after.gitDir)).not.toBe(dirname(profile.gitDir));
  },
);

test.runIf(process.getuid?.() === 0)(
  verifies('E12.private', 'a private directory that is somebody else’s by now is left'),
  async () => {
    const { profile } = await opening.open(ground.root, 'app');
    chownSync(dirname(profile.gitDir), 65534, 65534);
    const after = (await opening.open(ground.root, 'app')).profile;
    expect(dirname(after.gitDir)).not.toBe(dirname(profile.gitDir));
  },
);

test.runIf(process.platform !== 'win32')(
  verifies('E12.private', 'nothing is made where others could move it away'),
  () => {
    const make = (parent: string): string =>
      createPrivateRoot({ parent, prefix: 'secure-mcp-git-' }).make('x');
    const inner = join(ground.private, 'inner');
    mkdirSync(inner);
    chmodSync(ground.private, 0o777);
    expect(() => make(ground.private)).toThrow('no place');
    expect(() => make(inner)).toThrow('no place');
    chmodSync(ground.private, 0o1777);
    expect(existsSync(make(ground.private))).toBe(true);
    expect(existsSync(make(inner))).toBe(true);
  },
);
