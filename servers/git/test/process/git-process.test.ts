import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { eventually, makeTemp, verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Profile } from '../../src/adapter/handle.ts';
import { createGitRunner } from '../../src/adapter/process/git-process.ts';
import { type Argument, needle, object, option, word } from '../../src/guard/index.ts';
import { LIMITS } from '../../src/policy.ts';
import { oidOf } from '../objects/opened.ts';
import { writeLargeBlob } from '../objects/raw.ts';
import { createLiveBytes } from './live-bytes.ts';
import { gitsIn } from './alive.ts';
import { callFor, handmadeProfile, plainGit } from './profile.ts';

const temp = makeTemp();
const repository = `${temp.path}/repo`;
const runner = createGitRunner();
let profile: Profile;
let large: Argument;

const LARGE_BYTES = 100_000_000;
const STEP_BYTES = 10_000_000;

beforeAll(() => {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  temp.write('repo/a.txt', 'a\n');
  plainGit(repository, ['add', '.']);
  plainGit(repository, ['commit', '-q', '-m', 'first']);
  large = object(writeLargeBlob(repository, LARGE_BYTES, 'x'));
  profile = handmadeProfile(temp, { gitDir: `${repository}/.git`, workTree: repository });
});

afterAll(async () => {
  await runner.close();
  temp.remove();
});

/** Processes that this test started and that have this word on their command line. */
function processesWith(mark: string): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => {
    try {
      // One that is dead and was not waited for has no command line any more.
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}

/** A repository in which git waits for ever: a pipe stands in the place of a file. */
function hangingProfile(): Profile {
  const base = handmadeProfile(temp, { gitDir: `${repository}/.git`, workTree: repository });
  const file = join(base.gitDir, 'packed-refs');
  rmSync(file);
  execFileSync('mkfifo', [file]);
  return base;
}

const HANGS = [word('for-each-ref'), word('--format=%(refname)')];

test('output arrives as it is', async () => {
  const args = [word('log'), word('--format=%s'), word('HEAD'), word('--')];
  let printed = '';
  const ended = await runner.run(profile, { args }, callFor(), (piece) => {
    printed += piece.toString();
  });
  expect({ printed, ended }).toEqual({
    printed: 'first\n',
    ended: { code: 0, cut: false, complained: false },
  });
});

test(
  verifies('C10.repository-bombs', 'no output is kept: 100 MB pass through in little memory'),
  async () => {
    const args = [word('cat-file'), word('blob'), large];
    let bytes = 0;
    const live = createLiveBytes();
    const before = live();
    let most = 0;
    await runner.run(profile, { args, bytesMax: 2 * LARGE_BYTES }, callFor(), (piece) => {
      const measured = Math.floor(bytes / STEP_BYTES);
      bytes += piece.length;
      if (Math.floor(bytes / STEP_BYTES) > measured) most = Math.max(most, live());
    });
    expect(bytes).toBe(LARGE_BYTES);
    // All of it would be 100 MB.
    expect(most).toBeGreaterThan(0);
    expect(most - before).toBeLessThan(30_000_000);
  },
);

test(
  verifies(
    'C10.repository-bombs',
    'a command is stopped at its limit of bytes, and hands out no more',
  ),
  async () => {
    const args = [word('cat-file'), word('blob'), large];
    let bytes = 0;
    const ended = await runner.run(profile, { args, bytesMax: 100_001 }, callFor(), (piece) => {
      bytes += piece.length;
    });
    expect({ bytes, ended }).toEqual({
      bytes: 100_001,
      ended: { code: 0, cut: true, complained: false },
    });
    expect(processesWith(String(large))).toEqual([]);
  },
);

test('a consumer that has enough ends the command, and one that fails does so, too', async () => {
  const args = [word('cat-file'), word('blob'), large];
  let pieces = 0;
  const ended = await runner.run(profile, { args, bytesMax: LARGE_BYTES }, callFor(), () => {
    pieces += 1;
    return false;
  });
  expect({ pieces, ended }).toEqual({
    pieces: 1,
    ended: { code: 0, cut: true, complained: false },
  });
  const failing = runner.run(profile, { args }, callFor(), () => {
    throw new Error('the consumer failed');
  });
  await expect(failing).rejects.toThrow('the consumer failed');
  // It misses a file, which is no missing git.
  const missing = runner.run(profile, { args }, callFor(), () => {
    readFileSync(join(temp.path, 'none'));
  });
  await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
  expect(processesWith(String(large))).toEqual([]);
});

test(
  verifies('E13.processes', 'E13.deadline', 'a git that hangs is killed at the deadline'),
  async () => {
    const hanging = hangingProfile();
    const call = runner.run(hanging, { args: HANGS }, callFor(700), () => undefined);
    await expect(call).rejects.toMatchObject({ code: 'git.timeout' });
    expect(gitsIn(hanging)).toEqual([]);
  },
);

test(
  verifies(
    'E13.processes',
    'E13.cancel',
    'a git that hangs is killed when its call is cancelled, even one that is stopped',
  ),
  async () => {
    const hanging = hangingProfile();
    const cancel = new AbortController();
    const call = runner.run(hanging, { args: HANGS }, callFor(60_000, cancel.signal), () => {});
    const ended = call.catch((error: unknown) => error);
    await eventually(
      () => gitsIn(hanging),
      ({ length }) => length === 1,
      20_000,
    );
    const [id] = gitsIn(hanging);
    // A stopped process takes no signal but one.
    process.kill(Number(id), 'SIGSTOP');
    try {
      cancel.abort(new Error('cancelled here'));
      expect(await ended).toMatchObject({ message: 'cancelled here' });
      expect(gitsIn(hanging)).toEqual([]);
    } finally {
      if (gitsIn(hanging).includes(id ?? 0)) process.kill(Number(id), 'SIGKILL');
    }
  },
);

test('a call that is over starts nothing', async () => {
  const cancelled = callFor(60_000, AbortSignal.abort(new Error('cancelled before')));
  const args = [word('log'), word('HEAD')];
  const call = runner.run(profile, { args }, cancelled, () => {});
  await expect(call).rejects.toThrow('cancelled before');
});

test(
  verifies(
    'E13.concurrency',
    'so many processes run at once, so many calls wait, and the next one is refused',
  ),
  async () => {
    const own = createGitRunner();
    const hanging = hangingProfile();
    const cancel = new AbortController();
    const call = callFor(60_000, cancel.signal);
    // Of two repositories: one alone does not get all places.
    const start = (_?: unknown, turn = 0): Promise<unknown> =>
      own.run({ ...hanging, key: `key ${turn % 2}` }, { args: HANGS }, call, () => {});
    const calls = Array.from({ length: LIMITS.processesMax + LIMITS.processesWaitingMax }, start);
    const settled = Promise.allSettled(calls);
    try {
      await eventually(
        () => gitsIn(hanging),
        ({ length }) => length === LIMITS.processesMax,
        20_000,
      );
      await expect(start()).rejects.toMatchObject({ code: 'git.busy' });
      expect(gitsIn(hanging)).toHaveLength(LIMITS.processesMax);
    } finally {
      cancel.abort(new Error('enough'));
    }
    const results = await settled;
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(gitsIn(hanging)).toEqual([]);
    // Every place was given back.
    const args = [word('log'), word('HEAD'), word('--')];
    const after = Array.from({ length: 8 }, () => own.run(profile, { args }, callFor(), () => {}));
    expect(await Promise.all(after)).toHaveLength(8);
    expect(await own.close()).toBe(true);
  },
);

test.each([
  { name: 'one repository', keys: 1, refreshes: false, running: LIMITS.repositoryProcessesMax },
  { name: 'the work tree of one', keys: 1, refreshes: true, running: LIMITS.workTreeProcessesMax },
  { name: 'all work trees', keys: 9, refreshes: true, running: LIMITS.workTreesProcessesMax },
])(
  verifies('E13.light', 'what hangs in $name leaves a place to others'),
  async ({ keys, refreshes, running }) => {
    const own = createGitRunner();
    const hanging = hangingProfile();
    const cancel = new AbortController();
    const call = callFor(60_000, cancel.signal);
    const calls = Array.from({ length: 9 }, (_, turn) =>
      own.run(
        { ...hanging, key: `key ${turn % keys}` },
        { args: HANGS, refreshes },
        call,
        () => {},
      ),
    );
    const settled = Promise.allSettled(calls);
    try {
      await eventually(
        () => gitsIn(hanging),
        ({ length }) => length === running,
        20_000,
      );
      const args = [word('log'), word('HEAD'), word('--')];
      await own.run(profile, { args }, callFor(), () => {});
      expect(gitsIn(hanging)).toHaveLength(running);
    } finally {
      cancel.abort(new Error('enough'));
    }
    await settled;
    expect(await own.close()).toBe(true);
  },
);

test('closing kills what runs', async () => {
  const own = createGitRunner();
  const hanging = hangingProfile();
  const call = own.run(hanging, { args: HANGS }, callFor(), () => {});
  const ended = call.catch((error: unknown) => error);
  await eventually(
    () => gitsIn(hanging),
    ({ length }) => length === 1,
    20_000,
  );
  expect(await own.close()).toBe(true);
  expect(gitsIn(hanging)).toEqual([]);
  expect(await ended).toMatchObject({ code: 'repository.broken' });
});

test(
  verifies('C6.travelling', 'the environment of a process is complete: nothing of ours gets in'),
  async () => {
    const hanging = hangingProfile();
    process.env['GIT_SSH_COMMAND'] = 'canary';
    process.env['SOMETHING_OF_OURS'] = 'canary';
    const cancel = new AbortController();
    const run = callFor(60_000, cancel.signal);
    const call = runner.run(hanging, { args: HANGS }, run, () => {});
    const ended = call.catch((error: unknown) => error);
    try {
      await eventually(
        () => gitsIn(hanging),
        ({ length }) => length === 1,
        20_000,
      );
      const environ = readFileSync(`/proc/${gitsIn(hanging)[0]}/environ`, 'utf8');
      const names = environ.split('\0').map((line) => line.split('=')[0]);
      expect(environ).not.toContain('canary');
      const isKnown = (name = ''): boolean => name in hanging.env || name.startsWith('GIT_CONFIG_');
      // What simple-git adds forbids to abbreviate an option.
      expect(names.filter((name) => name !== '' && !isKnown(name))).toEqual([
        'GIT_TEST_DISALLOW_ABBREVIATED_OPTIONS',
      ]);
    } finally {
      delete process.env['GIT_SSH_COMMAND'];
      delete process.env['SOMETHING_OF_OURS'];
      cancel.abort(new Error('seen'));
      expect(await ended).toMatchObject({ message: 'seen' });
    }
  },
);

test.each([
  { name: 'core.fsmonitor', value: (canary: string) => `touch ${canary};` },
  { name: 'diff.external', value: (canary: string) => `touch ${canary};` },
])(
  verifies('C6.travelling', 'a setting of a file is outranked: $name'),
  async ({ name, value }) => {
    const canary = join(temp.path, `canary-${name}`);
    const armed = handmadeProfile(temp, { gitDir: `${repository}/.git`, workTree: repository });
    const key = ['config', '--file', join(armed.gitDir, 'config'), name, value(canary)];
    plainGit(repository, key);
    plainGit(repository, ['read-tree', '--index-output', join(armed.gitDir, 'index'), 'HEAD']);
    temp.write('repo/a.txt', 'changed\n');
    const env = { ...armed.env, GIT_INDEX_FILE: join(armed.gitDir, 'index') };
    for (const refreshes of [false, true]) {
      for (const args of [[word('status'), word('--porcelain')], [word('diff')]]) {
        // A diff without `--no-ext-diff` ends with an error: the program that is left has no name.
        const ran = runner.run({ ...armed, env }, { args, refreshes }, callFor(), () => {});
        await ran.catch((error: unknown) => expect(error).toBeInstanceOf(Refusal));
      }
    }
    expect(existsSync(canary)).toBe(false);
    // The trap is a good one: it fires when nothing outranks it.
    try {
      plainGit(repository, ['diff'], { env });
    } catch {
      // The program of the trap prints nothing that git could use.
    }
    expect(existsSync(canary)).toBe(true);
  },
);

test.each(['--upload-pack', '--template', '-c', '--exec-path', '-u', 'core.fsmonitor=x'])(
  'a text that is searched for is no option, for simple-git as well: %s',
  async (text) => {
    const args = [word('log'), option('-S', needle.parse(text)), word('HEAD'), word('--')];
    const ended = await runner.run(profile, { args }, callFor(), () => {});
    expect(ended).toEqual({ code: 0, cut: false, complained: false });
  },
);

test('an exit code that is an answer is one, and any other is refused without what git said', async () => {
  const args = [
    word('diff'),
    word('--quiet'),
    word('HEAD~0'),
    word('4b825dc642cb6eb9a060e54bf8d69288fbee4904'),
  ];
  const ended = await runner.run(profile, { args, exitCodes: [0, 1] }, callFor(), () => {});
  expect(ended.code).toBe(1);
  const refused = runner.run(
    profile,
    { args: [word('log'), word('SECRETNAME')] },
    callFor(),
    () => {},
  );
  await expect(refused).rejects.toMatchObject({
    code: 'repository.broken',
    message: expect.not.stringContaining('SECRETNAME'),
    detail: expect.stringContaining('SECRETNAME'),
  });
});

test('a missing object and a missing git are called so', async () => {
  const args = [word('log'), object(oidOf('1'.repeat(40))), word('--')];
  const missing = runner.run(profile, { args }, callFor(), () => {});
  await expect(missing).rejects.toMatchObject({ code: 'object.missing' });
  const without = runner.run({ ...profile, binary: '/nowhere/git' }, { args }, callFor(), () => {});
  await expect(without).rejects.toMatchObject({ code: 'git.missing' });
});

test('an object that inflates to more than git may allocate is too large', async () => {
  const env = { ...profile.env, GIT_ALLOC_LIMIT: '1048576' };
  const args = [word('log'), word('-p'), word('-Sx'), word('bombed'), word('--')];
  const tree = plainGit(repository, ['mktree'], { input: `100644 blob ${String(large)}\tx\n` });
  const commit = plainGit(repository, ['commit-tree', '-m', 'x', tree.toString().trim()]);
  writeFileSync(join(profile.gitDir, 'refs', 'bombed'), commit);
  const call = runner.run({ ...profile, env }, { args }, callFor(), () => {});
  await expect(call).rejects.toMatchObject({ code: 'object.too_large' });
});

test('DEBUG of our own environment makes nothing print what git is told', async () => {
  const child = spawn(
    process.execPath,
    ['--conditions=@secure-mcp/source', fileURLToPath(import.meta.resolve('./one-command.ts'))],
    { env: { ...process.env, DEBUG: '*', PROFILE: JSON.stringify(profile) } },
  );
  let printed = '';
  let complained = '';
  child.stdout.on('data', (piece) => (printed += String(piece)));
  child.stderr.on('data', (piece) => (complained += String(piece)));
  await new Promise((resolve) => child.once('close', resolve));
  expect({ printed, complained }).toEqual({ printed: 'first\nDEBUG=*\n', complained: '' });
});

test(
  verifies('C9.no-values', 'the trail is told what git said, without names of the host'),
  async () => {
    const id = '5c9c2666d44e0327c1f9c239a74c508336053e';
    const broken = handmadeProfile(temp, { gitDir: `${repository}/.git`, workTree: repository });
    mkdirSync(join(broken.gitDir, 'objects/e4'));
    writeFileSync(join(broken.gitDir, 'objects/e4', id), 'garbage');
    const args = [word('cat-file'), word('blob'), object(oidOf(`e4${id}`))];
    const failed = await runner
      .run(broken, { args }, callFor(), () => true)
      .catch((error: unknown) => error);
    const detail = failed instanceof Refusal ? String(failed.detail) : '';
    expect(detail).toContain('e45c9c2666d44e0327c1f9c239a74c508336053e');
    expect(detail).toContain('<repository>/objects/e4/');
    expect(detail).not.toContain(temp.path);
  },
);
