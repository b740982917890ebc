import {
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type Located, locate } from '../../src/adapter/repository/layout.ts';
import { buildRepository, git, type Ground, groundIn } from './fixture.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
});
afterEach(() => temp.remove());

const at = (...steps: string[]): Located => locate({ name: 'root', path: ground.root }, steps);
const inRoot = (...steps: string[]): string => join(ground.root, ...steps);

test('an ordinary repository is where it is named, and its directory is none', () => {
  const gitDir = inRoot('app', '.git');
  expect(at('app')).toMatchObject({
    kind: 'found',
    layout: { kind: 'ordinary', workTree: inRoot('app'), gitDir, commonDir: gitDir },
  });
  expect(at()).toEqual({ kind: 'unknown' });
  expect(at('app', 'missing')).toEqual({ kind: 'unknown' });
});

test('the directory of a submodule is found through its file', () => {
  renameSync(inRoot('app', '.git'), inRoot('modules'));
  writeFileSync(inRoot('app', '.git'), 'gitdir: ../modules\n');
  expect(at('app')).toMatchObject({ kind: 'found', layout: { gitDir: inRoot('modules') } });
});

test(verifies('C3.repository', 'no link on the way to a repository is followed'), () => {
  symlinkSync('app', inRoot('link'));
  symlinkSync(ground.outside, inRoot('out'));
  expect(at('link')).toEqual({ kind: 'unknown' });
  expect(at('out', 'app')).toEqual({ kind: 'unknown' });
});

test(verifies('C3.repository', '`.git` as a link may lead to a place within the root only'), () => {
  mkdirSync(inRoot('two'));
  symlinkSync('../app/.git', inRoot('two', '.git'));
  expect(at('two')).toMatchObject({ kind: 'found', layout: { gitDir: inRoot('app', '.git') } });
  mkdirSync(inRoot('three'));
  symlinkSync(join(ground.outside, 'app/.git'), inRoot('three', '.git'));
  expect(at('three')).toMatchObject({ kind: 'refused', finding: { id: 'layout.link' } });
});

test(verifies('C3.repository', '`.git` as a file may name a place within the root only'), () => {
  mkdirSync(inRoot('two'));
  const say = (text: string): Located => {
    writeFileSync(inRoot('two', '.git'), text);
    return at('two');
  };
  const refused = { kind: 'refused', finding: { id: 'layout.gitfile' } };
  expect(say(`gitdir: ${inRoot('app', '.git')}\n`)).toMatchObject({ kind: 'found' });
  expect(say(`gitdir: ${join(ground.outside, 'app/.git')}\n`)).toMatchObject(refused);
  expect(say('gitdir: ../../outside/app/.git\n')).toMatchObject(refused);
  expect(say('gitdir: nowhere\n')).toMatchObject(refused);
  expect(say('something else')).toMatchObject(refused);
});

test('a bare repository is found where the operator opened it, and nowhere else', () => {
  git(temp.path, ['clone', '--quiet', '--bare', join(ground.root, 'app'), inRoot('bare.git')]);
  const opened = locate({ name: 'bare', path: inRoot('bare.git') }, []);
  expect(opened).toMatchObject({ kind: 'found', layout: { kind: 'bare', workTree: undefined } });
  expect(at('bare.git')).toEqual({ kind: 'unknown' });
});

test('a linked work tree beneath the root is found with its own HEAD and the refs of the other', () => {
  git(inRoot('app'), ['worktree', 'add', '--quiet', inRoot('linked')]);
  expect(at('linked')).toMatchObject({
    kind: 'found',
    layout: {
      kind: 'linked',
      workTree: inRoot('linked'),
      gitDir: inRoot('app/.git/worktrees/linked'),
      commonDir: inRoot('app/.git'),
    },
  });
});

test('a linked work tree of a repository outside is found when both sides name each other', () => {
  git(join(ground.outside, 'app'), ['worktree', 'add', '--quiet', inRoot('linked')]);
  const commonDir = realpathSync(join(ground.outside, 'app/.git'));
  expect(at('linked')).toMatchObject({ kind: 'found', layout: { kind: 'linked', commonDir } });
});

test(
  verifies('C3.repository', 'a work tree that the repository outside does not name is refused'),
  () => {
    // The repository outside has a work tree, but that one stands elsewhere: its `.git` was copied here.
    const theirs = join(temp.path, 'theirs');
    git(join(ground.outside, 'app'), ['worktree', 'add', '--quiet', theirs]);
    mkdirSync(inRoot('forged'));
    cpSync(join(theirs, '.git'), inRoot('forged', '.git'));
    expect(at('forged')).toMatchObject({ kind: 'refused', finding: { id: 'layout.gitfile' } });
    // Nor does it help to name a work tree of the root's own as the one that is meant.
    const admin = join(ground.outside, 'app/.git/worktrees/theirs');
    expect(readFileSync(join(admin, 'gitdir'), 'utf8')).toBe(`${join(theirs, '.git')}\n`);
  },
);

test(
  verifies(
    'C3.repository',
    'an admin directory that stands in no repository of its own is refused',
  ),
  () => {
    // Everything but the place is as it should be: it names us, and another one's refs and objects.
    const admin = join(temp.path, 'planted/worktrees/forged');
    mkdirSync(admin, { recursive: true });
    mkdirSync(inRoot('forged'));
    writeFileSync(join(admin, 'gitdir'), `${inRoot('forged', '.git')}\n`);
    writeFileSync(join(admin, 'commondir'), `${join(ground.outside, 'app/.git')}\n`);
    writeFileSync(join(admin, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(inRoot('forged', '.git'), `gitdir: ${admin}\n`);
    expect(at('forged')).toMatchObject({ kind: 'refused', finding: { id: 'layout.gitfile' } });
  },
);

test(verifies('C3.repository', '`commondir` may name a place within the root only'), () => {
  const say = (text: string): Located => {
    writeFileSync(inRoot('app', '.git', 'commondir'), text);
    return at('app');
  };
  buildRepository(inRoot('other'), 'other');
  const refused = { kind: 'refused', finding: { id: 'layout.commondir' } };
  expect(say('../../other/.git\n')).toMatchObject({ kind: 'found' });
  expect(say(`${join(ground.outside, 'app/.git')}\n`)).toMatchObject(refused);
  expect(say('../../../outside/app/.git\n')).toMatchObject(refused);
  expect(say('')).toMatchObject(refused);
});
