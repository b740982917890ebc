import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { eventually, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Profile, Run } from '../../src/adapter/handle.ts';
import { createDiffPool, type DiffPool } from '../../src/adapter/objects/diff-pool.ts';
import { type Oid, word } from '../../src/guard/index.ts';
import { gitsIn } from '../process/alive.ts';
import { callFor, handmadeProfile, plainGit, type ProfileOptions } from '../process/profile.ts';
import { oidOf } from './opened.ts';
import { plantObject, writeObject } from './raw.ts';

const temp = makeTemp();
const repository = join(temp.path, 'repo');
const ARGS = ['-r', '--raw', '--numstat', '--patch', '--no-abbrev', '--full-index', '-M'];
const OPTIONS = {
  args: [
    word('-r'),
    word('--raw'),
    word('--numstat'),
    word('--patch'),
    word('--no-abbrev'),
    word('--full-index'),
    word('-M'),
  ],
  bytesMax: 100_000_000,
};
let trees: Oid[];

const LINES = Array.from({ length: 30 }, (_, at) => `line ${String(at)}\n`).join('');

beforeAll(() => {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  const commit = (): Oid => {
    plainGit(repository, ['add', '--all']);
    plainGit(repository, ['commit', '-q', '--allow-empty', '-m', 'next']);
    return oidOf(plainGit(repository, ['rev-parse', 'HEAD^{tree}']).toString());
  };
  const made: Oid[] = [oidOf('4b825dc642cb6eb9a060e54bf8d69288fbee4904')];
  temp.write('repo/a.txt', `a\n${LINES}`);
  temp.write('repo/deep/er/b.txt', `b\n${LINES}`);
  made.push(commit());
  temp.write('repo/a.txt', `a\n${LINES}no end`);
  temp.write('repo/binary', '\0\x01');
  temp.write('repo/odd\nname "q"', 'odd\n');
  made.push(commit());
  rmSync(join(repository, 'deep/er/b.txt'));
  temp.write('repo/moved.txt', `b\n${LINES}more\n`);
  chmodSync(join(repository, 'a.txt'), 0o755);
  made.push(commit());
  // A name under which there was a file is a directory now, and lines look like those of an answer.
  rmSync(join(repository, 'a.txt'));
  temp.write('repo/a.txt/inner', `? ${'0'.repeat(32)}\n${made.join(' ')}\ndiff --git a/x b/x\n`);
  made.push(commit());
  trees = made;
});

afterAll(() => temp.remove());

let count = 0;
function profileOf(options: Partial<ProfileOptions> = {}): Profile {
  count += 1;
  const key = `profile ${String(count)}`;
  return handmadeProfile(temp, { gitDir: join(repository, '.git'), key, ...options });
}

/** What two trees differ in; undefined when another process is to be asked. */
async function compared(
  pool: DiffPool,
  profile: Profile,
  [base, head]: readonly [Oid, Oid],
  { run = callFor(), options = OPTIONS }: { run?: Run; options?: typeof OPTIONS } = {},
): Promise<string | undefined> {
  let text = '';
  const ended = await pool.compare({ profile, run }, { base, head }, options, (piece) => {
    text += piece.toString('latin1');
  });
  return ended && text;
}

/** The same, asked again while the process is not ready. */
async function comparedSoon(
  pool: DiffPool,
  profile: Profile,
  two: readonly [Oid, Oid],
): Promise<string | undefined> {
  const until = performance.now() + 20_000;
  while (performance.now() < until) {
    const text = await compared(pool, profile, two);
    if (text !== undefined) return text;
    await setTimeout(5);
  }
  return undefined;
}

function plainly(base: Oid, head: Oid): string {
  return plainGit(repository, ['diff-tree', ...ARGS, base, head]).toString('latin1');
}

function twoOf(from: number, to: number): readonly [Oid, Oid] {
  const [base, head] = [trees[from], trees[to]];
  if (base === undefined || head === undefined) throw new Error('no such tree');
  return [base, head];
}

/** A pool of its own for a test, with nothing left behind. */
async function withPool(act: (pool: DiffPool) => Promise<void>, idleMs?: number): Promise<void> {
  const pool = createDiffPool(idleMs);
  try {
    await act(pool);
  } finally {
    expect(await pool.close()).toBe(true);
  }
}

test('one process compares all trees with each other, and says what a command of plain git says', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const pairs = trees.flatMap((base) => trees.map((head) => [base, head] as const));
    await compared(pool, profile, twoOf(1, 2));
    const started = gitsIn(profile);
    for (const two of [...pairs, ...pairs.toReversed()]) {
      expect(await compared(pool, profile, two)).toBe(plainly(...two));
    }
    expect(gitsIn(profile)).toEqual(started);
  }));

test('sha256 as well', () =>
  withPool(async (pool) => {
    const other = join(temp.path, 'sha256');
    plainGit(temp.path, ['init', '-q', '--object-format=sha256', other]);
    temp.write('sha256/a.txt', 'a\n');
    plainGit(other, ['add', '.']);
    plainGit(other, ['commit', '-q', '-m', 'first']);
    const empty = oidOf('6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321');
    const head = oidOf(plainGit(other, ['rev-parse', 'HEAD^{tree}']).toString());
    const profile = profileOf({ gitDir: join(other, '.git'), objectFormat: 'sha256' });
    const expected = plainGit(other, ['diff-tree', ...ARGS, empty, head]).toString('latin1');
    expect(expected).toContain('+a');
    expect(await compared(pool, profile, [empty, head])).toBe(expected);
  }));

test('while it works for one call, others ask a process of their own', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const two = twoOf(1, 3);
    const [first, second] = await Promise.all([
      compared(pool, profile, two),
      compared(pool, profile, two),
    ]);
    expect([first, second]).toEqual([plainly(...two), undefined]);
    expect(await compared(pool, profile, two)).toBe(plainly(...two));
  }));

test('what cannot be read has no answer here, and the next question has its own', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const none = oidOf('1'.repeat(40));
    const [base, head] = twoOf(1, 2);
    const blob = oidOf(plainGit(repository, ['rev-parse', `${base}:a.txt`]).toString());
    const forged = plantObject(repository, '2'.repeat(40), 'tree 0\0');
    const holed = writeObject(
      repository,
      'tree',
      Buffer.concat([Buffer.from('100644 hole\0'), Buffer.alloc(20, 0x33)]),
    );
    for (const two of [
      [none, head],
      [base, none],
      [blob, head],
      [base, blob],
      [forged, head],
      [base, holed],
    ] as const) {
      expect(await compared(pool, profile, two)).toBeUndefined();
      expect(await compared(pool, profile, [base, head])).toBe(plainly(base, head));
    }
  }));

/** Two trees, each of one file that a line of a shell prints: the test holds nothing of it. */
function twoTrees(printing: string, [one, other]: readonly [string, string]): readonly [Oid, Oid] {
  const treeOf = (text: string): Oid => {
    const command = `${printing} | git -C "$2" hash-object -w --stdin`;
    const blob = execFileSync('sh', ['-c', command, 'sh', text, repository]).toString().trim();
    const entry = Buffer.concat([Buffer.from('100644 big\0'), Buffer.from(blob, 'hex')]);
    return writeObject(repository, 'tree', entry);
  };
  return [treeOf(one), treeOf(other)];
}

test(
  'a process that holds much after an answer does not stay',
  () =>
    withPool(async (pool) => {
      const profile = profileOf();
      const long = 'x'.repeat(100_000);
      const two = twoTrees('yes "$1" | head -c 50000000', [`${long}1`, `${long}2`]);
      const ended = await pool.compare(
        { profile, run: callFor() },
        { base: two[0], head: two[1] },
        { ...OPTIONS, bytesMax: 1_000_000_000 },
        () => true,
      );
      expect(ended).toMatchObject({ cut: false });
      await eventually(
        () => gitsIn(profile),
        ({ length }) => length === 0,
        20_000,
      );
    }),
  60_000,
);

test(
  verifies(
    'C10.repository-bombs',
    'a comparison that takes too much memory ends with its process; where others were asked before, a new one is to say so',
  ),
  () =>
    withPool(async (pool) => {
      // git takes some tens of bytes for each of eight million lines, of which it guesses the number from
      // the first ones, and holds the last line besides.
      const lines = 'yes "$1$1$1$1$1$1$1" | head -n 300; yes "$1" | head -n 8200000';
      const two = twoTrees(`{ ${lines}; head -c 50000000 /dev/zero | tr "\\0" x; }`, ['1', '2']);
      const fresh = profileOf();
      const refused = compared(pool, fresh, two);
      await expect(refused).rejects.toMatchObject({ code: 'object.too_large' });
      const used = profileOf();
      await compared(pool, used, twoOf(1, 2));
      expect(await compared(pool, used, two)).toBeUndefined();
      await eventually(
        () => [...gitsIn(fresh), ...gitsIn(used)],
        ({ length }) => length === 0,
        20_000,
      );
    }),
  60_000,
);

test('a consumer that has enough ends its question: the next one begins at its own answer', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const long = twoTrees('yes "$1" | head -c 6000000', ['one'.repeat(20), 'two'.repeat(20)]);
    const short = twoOf(1, 2);
    for (const [base, head] of [long, short, long]) {
      const question = { base, head };
      const ended = await pool.compare({ profile, run: callFor() }, question, OPTIONS, () => false);
      expect(ended).toMatchObject({ cut: true });
      expect(await comparedSoon(pool, profile, short)).toBe(plainly(...short));
    }
  }));

test(
  verifies('C10.repository-bombs', 'trees are compared up to the limit of bytes, and no further'),
  () =>
    withPool(async (pool) => {
      const profile = profileOf();
      const two = twoOf(1, 3);
      let text = '';
      const question = { base: two[0], head: two[1] };
      const options = { ...OPTIONS, bytesMax: 101 };
      const ended = await pool.compare({ profile, run: callFor() }, question, options, (piece) => {
        text += piece.toString('latin1');
      });
      expect([ended?.cut, text]).toEqual([true, plainly(...two).slice(0, 101)]);
    }),
);

test('an error of a consumer is told, and is nobody else’s', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const [base, head] = twoOf(1, 3);
    const fails = pool.compare({ profile, run: callFor() }, { base, head }, OPTIONS, () => {
      throw new Error('the consumer failed');
    });
    await expect(fails).rejects.toThrow('the consumer failed');
    expect(await comparedSoon(pool, profile, [base, head])).toBe(plainly(base, head));
  }));

/** Two trees over which git waits for ever: a pipe stands in the place of a file's content. */
function hanging(digit: string): readonly [Oid, Oid] {
  const id = digit.repeat(40);
  const directory = join(repository, '.git/objects', id.slice(0, 2));
  mkdirSync(directory, { recursive: true });
  execFileSync('mkfifo', [join(directory, id.slice(2))]);
  const entry = Buffer.concat([Buffer.from('100644 pipe\0'), Buffer.from(id, 'hex')]);
  return [writeObject(repository, 'tree', entry), twoOf(1, 2)[1]];
}

test(
  verifies(
    'E13.processes',
    'a comparison over which git hangs ends with its call, and so does the process',
  ),
  () =>
    withPool(async (pool) => {
      const profile = profileOf();
      const short = twoOf(1, 2);
      expect(await compared(pool, profile, short)).toBe(plainly(...short));
      const [before] = gitsIn(profile);
      const hang = hanging('a');
      const cancel = new AbortController();
      const run = callFor(60_000, cancel.signal);
      const cancelled = compared(pool, profile, hang, { run }).catch((error: unknown) => error);
      cancel.abort(new Error('cancelled here'));
      expect(await cancelled).toMatchObject({ message: 'cancelled here' });
      const late = compared(pool, profile, hang, { run: callFor(600) });
      await expect(late).rejects.toMatchObject({ code: 'git.timeout' });
      expect(await compared(pool, profile, short)).toBe(plainly(...short));
      await eventually(
        () => gitsIn(profile),
        (pids) => pids.length === 1 && !pids.includes(before ?? 0),
        20_000,
      );
    }),
);

test(verifies('E13.processes', 'no comparison outlives the end of the server'), async () => {
  const pool = createDiffPool();
  const profile = profileOf();
  const asked = compared(pool, profile, hanging('b')).catch((error: unknown) => error);
  await eventually(
    () => gitsIn(profile),
    ({ length }) => length === 1,
    20_000,
  );
  expect(await pool.close()).toBe(true);
  expect(await asked).toBeUndefined();
  expect(gitsIn(profile)).toEqual([]);
  expect(await compared(pool, profile, twoOf(1, 2))).toBeUndefined();
  expect(gitsIn(profile)).toEqual([]);
});

test('processes are few, those of other options included, and none idles for long', () =>
  withPool(async (pool) => {
    const profiles = Array.from({ length: 5 }, () => profileOf());
    const all = (): number => profiles.reduce((sum, each) => sum + gitsIn(each).length, 0);
    const two = twoOf(1, 2);
    const summary = { ...OPTIONS, args: OPTIONS.args.filter((arg) => arg !== '--patch') };
    const texts: (string | undefined)[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const profile of profiles) {
        texts.push(await compared(pool, profile, two));
        texts.push(await compared(pool, profile, two, { options: summary }));
        expect(all()).toBeLessThanOrEqual(3);
      }
    }
    const known = [
      plainly(...two),
      plainly(...two)
        .split('\n\n')[0]
        ?.concat('\n'),
      undefined,
    ];
    for (const text of texts) expect(known).toContain(text);
    expect(texts.filter((text) => text !== undefined).length).toBeGreaterThan(2);
    await eventually(all, (found) => found === 0, 20_000);
  }, 400));

test('a state that is over lets its process go', () =>
  withPool(async (pool) => {
    const [gone, stays] = [profileOf(), profileOf()];
    const two = twoOf(1, 2);
    for (const profile of [gone, stays]) await compared(pool, profile, two);
    const asked = compared(pool, gone, two);
    pool.end(gone.key);
    expect(await asked).toBe(plainly(...two));
    await eventually(
      () => [gitsIn(gone).length, gitsIn(stays).length],
      (counts) => counts.join(' ') === '0 1',
      20_000,
    );
  }));

test('a process answers some hundred questions, and then another one does', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const two = twoOf(1, 2);
    await compared(pool, profile, two);
    const [first] = gitsIn(profile);
    for (let asked = 1; asked < 500; asked += 1) await compared(pool, profile, two);
    expect(await compared(pool, profile, two)).toBe(plainly(...two));
    await eventually(
      () => gitsIn(profile),
      (pids) => pids.length === 1 && !pids.includes(first ?? 0),
      20_000,
    );
  }));

test('a process that is killed is replaced', () =>
  withPool(async (pool) => {
    const profile = profileOf();
    const two = twoOf(1, 2);
    await compared(pool, profile, two);
    process.kill(gitsIn(profile)[0] ?? 0, 'SIGKILL');
    expect(await comparedSoon(pool, profile, two)).toBe(plainly(...two));
  }));

test(
  verifies('C6.travelling', 'no comparing process is started where others may write'),
  async () =>
    withPool(async (pool) => {
      const profile = profileOf();
      const parent = dirname(profile.gitDir);
      try {
        chmodSync(parent, 0o777);
        expect(await compared(pool, profile, twoOf(1, 2))).toBeUndefined();
        expect(gitsIn(profile)).toEqual([]);
      } finally {
        chmodSync(parent, 0o700);
      }
      expect(await compared(pool, profile, twoOf(1, 2))).toBeDefined();
      const gone = profileOf();
      rmSync(gone.gitDir, { recursive: true });
      expect(await compared(pool, gone, twoOf(1, 2))).toBeUndefined();
    }),
);
