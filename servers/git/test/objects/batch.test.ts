import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { eventually, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Profile } from '../../src/adapter/handle.ts';
import { readAnswerLine } from '../../src/adapter/objects/answer.ts';
import { createBatches, type Batch } from '../../src/adapter/objects/batch.ts';
import { parseRevision, type Oid } from '../../src/guard/index.ts';
import { gitsIn } from '../process/alive.ts';
import { callFor, handmadeProfile, plainGit } from '../process/profile.ts';
import { oidOf, openByHand } from './opened.ts';
import { writeObject } from './raw.ts';

const temp = makeTemp();
const repository = `${temp.path}/repo`;
let profile: Profile;
let head: Oid;
let large: Oid;

beforeAll(() => {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  temp.write('repo/a.txt', 'a\n');
  temp.write('repo/odd\nname missing.txt', 'odd\n');
  plainGit(repository, ['add', '.']);
  plainGit(repository, ['commit', '-q', '-m', 'first']);
  head = oidOf(plainGit(repository, ['rev-parse', 'HEAD']).toString());
  large = writeObject(repository, 'blob', Buffer.alloc(30_000_000, 'large\n'));
  profile = handmadeProfile(temp, { gitDir: `${repository}/.git` });
});

afterAll(() => temp.remove());

async function contentsOf(batch: Batch, name: string): Promise<string> {
  let text = '';
  await batch.contents(name, { bytesMax: 1_000_000 }, (piece) => {
    text += piece.toString('latin1');
  });
  return text;
}

test.each([
  'missing',
  'a name missing\nwith a newline',
  `${'1'.repeat(40)} commit 5\nxxxxx`,
  'HEAD\ninfo HEAD',
  'HEAD\nflush',
  '--batch-all-objects',
  '-h',
  '\xff\xfe',
  ' ',
  '',
])('a name that leads nowhere is answered, and so is what follows: %j', async (name) => {
  const batches = createBatches();
  try {
    const batch = batches.open(profile, callFor());
    const answers = await Promise.all([batch.info(name), batch.info('HEAD'), batch.info(name)]);
    expect(answers[0]).toBe('missing');
    expect(answers[1]).toMatchObject({ oid: head, kind: 'commit' });
    expect(answers[2]).toBe('missing');
  } finally {
    expect(await batches.close()).toBe(true);
  }
});

test(verifies('C2.arguments', 'a name cannot end a question and begin another one'), async () => {
  const batches = createBatches();
  const batch = batches.open(profile, callFor());
  await expect(batch.info('x\0info HEAD')).rejects.toThrow('cannot hold NUL');
  await batches.close();
});

test(
  verifies(
    'C2.arguments',
    'an answer is told from the echo of a name by its bytes, however they arrive',
  ),
  () => {
    const name = `${'1'.repeat(40)} blob 3\nabc`;
    const echo = Buffer.from(`${name} missing\n`);
    for (let length = 0; length < echo.length; length += 1) {
      expect(readAnswerLine(echo.subarray(0, length), name)).toBeUndefined();
    }
    expect(readAnswerLine(echo, name)).toEqual({ known: 'missing', bytes: echo.length });
    const submodule = Buffer.from(`${'2'.repeat(40)} submodule\n`);
    expect(readAnswerLine(submodule, name)).toEqual({ known: 'missing', bytes: submodule.length });
    for (const line of [
      `${'1'.repeat(40)} blob -3\n`,
      'x'.repeat(200),
      `${'1'.repeat(40)} link 3\n`,
    ]) {
      expect(() => readAnswerLine(Buffer.from(line), 'HEAD')).toThrow('cannot read the repository');
    }
  },
);

test(
  verifies(
    'C10.repository-bombs',
    'an object that is larger than asked for is refused before it is read, and others are answered',
  ),
  async () => {
    const batches = createBatches();
    try {
      const batch = batches.open(profile, callFor());
      let bytes = 0;
      const refused = batch.contents(large, { bytesMax: 1_000_000 }, (piece) => {
        bytes += piece.length;
      });
      const after = contentsOf(batch, `${head}:a.txt`);
      await expect(refused).rejects.toMatchObject({ code: 'object.too_large' });
      expect(await after).toBe('a\n');
      expect(bytes).toBe(0);
    } finally {
      await batches.close();
    }
  },
);

test('a consumer that has enough gets no more, and what follows is answered', async () => {
  const batches = createBatches();
  try {
    const batch = batches.open(profile, callFor());
    let pieces = 0;
    const known = await batch.contents(large, { bytesMax: 1e9 }, () => {
      pieces += 1;
      return false;
    });
    expect({ known, pieces }).toMatchObject({ known: { oid: large }, pieces: 1 });
    expect(await contentsOf(batch, `${head}:a.txt`)).toBe('a\n');
  } finally {
    await batches.close();
  }
});

/** Which of two processes is given a processor first, nobody says on a busy machine. */
const BUSY = { retry: 2 } as const;

test(verifies('E13.light', 'a large object does not stand before a small one'), BUSY, async () => {
  const batches = createBatches();
  try {
    const batch = batches.open(profile, callFor());
    await batch.info('HEAD');
    const order: string[] = [];
    const far = batch.contents(large, { bytesMax: 1e9, large: true }, () => {});
    const near = contentsOf(batch, `${head}:a.txt`);
    await Promise.all([far.then(() => order.push('large')), near.then(() => order.push('small'))]);
    expect(order).toEqual(['small', 'large']);
    expect(gitsIn(profile)).toHaveLength(2);
  } finally {
    await batches.close();
  }
});

test('a process that is killed is replaced, and what it was asked is answered', async () => {
  const batches = createBatches();
  try {
    const batch = batches.open(profile, callFor());
    await batch.info('HEAD');
    const [first] = gitsIn(profile);
    process.kill(first ?? 0, 'SIGSTOP');
    const asked = Promise.all([batch.info('HEAD'), contentsOf(batch, `${head}:a.txt`)]);
    process.kill(first ?? 0, 'SIGKILL');
    expect(await asked).toEqual([expect.objectContaining({ oid: head }), 'a\n']);
    expect(gitsIn(profile)).not.toContain(first);
  } finally {
    await batches.close();
  }
});

test('a revision over which git ends is refused by itself: others of the same moment are answered', async () => {
  const opened = openByHand(temp, { gitDir: `${repository}/.git` });
  try {
    const { objects } = opened.handle();
    // HEAD is no branch in this profile, so git has no upstream to look for, and ends.
    const fatal = objects.resolve(parseRevision('@{upstream}'));
    const others = Promise.all([objects.resolve(parseRevision('HEAD')), objects.info(large)]);
    await expect(fatal).rejects.toMatchObject({ code: 'revision.unknown' });
    expect(await others).toMatchObject([{ oid: head }, { oid: large }]);
  } finally {
    await opened.close();
  }
});

/** A repository in which git waits for ever: a pipe stands in the place of its packed refs. */
function hangingProfile(key: string): Profile {
  const base = handmadeProfile(temp, { gitDir: `${repository}/.git`, key });
  const file = join(base.gitDir, 'packed-refs');
  rmSync(file);
  execFileSync('mkfifo', [file]);
  return base;
}

test(
  verifies(
    'E13.processes',
    'a question over which git hangs ends with its call, and so does the process; others go on',
  ),
  async () => {
    const batches = createBatches();
    const hanging = hangingProfile('hanging');
    try {
      const cancel = new AbortController();
      const cancelled = batches
        .open(hanging, callFor(60_000, cancel.signal))
        .info('refs/heads/none');
      const ended = cancelled.catch((error: unknown) => error);
      const patient = batches.open(hanging, callFor()).info(head);
      const [hung] = await eventually(
        () => gitsIn(hanging),
        ({ length }) => length === 1,
        20_000,
      );
      cancel.abort(new Error('cancelled here'));
      expect(await ended).toMatchObject({ message: 'cancelled here' });
      expect(await patient).toMatchObject({ oid: head });
      expect(gitsIn(hanging)).not.toContain(hung);
      const late = batches.open(hanging, callFor(600)).info('refs/heads/none');
      await expect(late).rejects.toMatchObject({ code: 'git.timeout' });
      await eventually(
        () => gitsIn(hanging),
        ({ length }) => length === 0,
        20_000,
      );
    } finally {
      expect(await batches.close()).toBe(true);
    }
  },
);

test(
  verifies('E13.processes', 'what was asked when all ended is asked of no new process'),
  async () => {
    const batches = createBatches();
    const hanging = hangingProfile('closed');
    const batch = batches.open(hanging, callFor());
    const asked = batch.info('refs/heads/none').catch((error: unknown) => error);
    await eventually(
      () => gitsIn(hanging),
      ({ length }) => length === 1,
      20_000,
    );
    expect(await batches.close()).toBe(true);
    expect(await asked).toBeInstanceOf(Error);
    await expect(batch.info(head)).rejects.toThrow();
    expect(gitsIn(hanging)).toEqual([]);
  },
);

test('a process that cannot be started fails those that asked, and nobody else', async () => {
  const batches = createBatches();
  try {
    // Longer than the system takes: the error is thrown and not told by an event.
    const env = { ...profile.env, LONG: 'x'.repeat(1 << 20) };
    const none = batches.open({ ...profile, key: 'none', env }, callFor());
    const [one, other] = await Promise.allSettled([none.info(head), none.info(head)]);
    expect([one.status, other.status]).toEqual(['rejected', 'rejected']);
    expect(await batches.open(profile, callFor()).info(head)).toMatchObject({ oid: head });
  } finally {
    expect(await batches.close()).toBe(true);
  }
});

test(
  verifies('E13.processes', 'a call that is cancelled ends no process that works for another one'),
  async () => {
    const batches = createBatches();
    const shared = hangingProfile('shared');
    const cancelledBehind = async (): Promise<void> => {
      const cancel = new AbortController();
      const behind = batches.open(shared, callFor(60_000, cancel.signal)).info('refs/heads/none');
      const ended = behind.catch((error: unknown) => error);
      await setTimeout(50);
      cancel.abort(new Error('cancelled here'));
      expect(await ended).toMatchObject({ message: 'cancelled here' });
    };
    try {
      await batches.open(shared, callFor()).info(head);
      const [pid = 0] = gitsIn(shared);
      // It is slow: it stands still, with a question at which it works.
      process.kill(pid, 'SIGSTOP');
      const first = batches.open(shared, callFor()).info(head);
      await cancelledBehind();
      await cancelledBehind();
      await cancelledBehind();
      const last = batches.open(shared, callFor()).info(head);
      await setTimeout(1000);
      expect(gitsIn(shared)).toEqual([pid]);
      process.kill(pid, 'SIGCONT');
      expect(await first).toMatchObject({ oid: head });
      // Now it hangs over what nobody waits for: it is ended, and what stands behind is asked again.
      expect(await last).toMatchObject({ oid: head });
      expect(gitsIn(shared)).not.toContain(pid);
    } finally {
      expect(await batches.close()).toBe(true);
    }
  },
);

test('processes are few: the least recently used one goes, and none idles for long', async () => {
  const batches = createBatches({ processesMax: 2, idleMs: 400 });
  const profiles = ['one', 'two', 'three'].map((key) =>
    handmadeProfile(temp, { gitDir: `${repository}/.git`, key }),
  );
  const counts = (): number[] => profiles.map((each) => gitsIn(each).length);
  try {
    for (let round = 0; round < 3; round += 1) {
      const asked = profiles.map((each) => batches.open(each, callFor()).info('HEAD'));
      expect(await Promise.all(asked)).toHaveLength(3);
      expect(counts().reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2);
    }
    await eventually(counts, (found) => found.every((count) => count === 0), 20_000);
    expect(await batches.open(profiles[0] ?? profile, callFor()).info('HEAD')).toMatchObject({
      oid: head,
    });
  } finally {
    expect(await batches.close()).toBe(true);
  }
  expect(counts()).toEqual([0, 0, 0]);
});

test('a state that is over lets its processes go, after their last answers', async () => {
  const batches = createBatches();
  try {
    const batch = batches.open(profile, callFor());
    await batch.info('HEAD');
    const asked = Promise.all([batch.info('HEAD'), contentsOf(batch, `${head}:a.txt`)]);
    batches.end(profile.key);
    expect(await asked).toHaveLength(2);
    await eventually(
      () => gitsIn(profile),
      ({ length }) => length === 0,
      20_000,
    );
  } finally {
    await batches.close();
  }
});

test('an object that is broken is refused, and others are answered', async () => {
  const broken = `${temp.path}/broken`;
  plainGit(temp.path, ['init', '-q', broken]);
  const blob = writeObject(broken, 'blob', Buffer.alloc(100_000, 'abc'));
  const tree = writeObject(broken, 'tree', '');
  const commit = writeObject(
    broken,
    'commit',
    `tree ${tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n`,
  );
  plainGit(broken, ['update-ref', 'HEAD', commit]);
  const file = join(broken, '.git/objects', blob.slice(0, 2), blob.slice(2));
  const bytes = readFileSync(file);
  rmSync(file);
  temp.write(`broken/.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`, bytes.subarray(0, 60));
  const opened = openByHand(temp, { gitDir: `${broken}/.git` });
  try {
    const { objects } = opened.handle();
    const refused = objects.bytes(blob, 1_000_000);
    await expect(refused).rejects.toMatchObject({
      code: expect.stringMatching(/^(object.missing|repository.broken)$/),
    });
    expect(await objects.commits([commit])).toHaveLength(1);
  } finally {
    await opened.close();
  }
});

/** Writes two blobs whose ids begin alike, and returns the beginning. */
function writeTwins(): string {
  const texts = new Map<string, string>();
  for (let tried = 0; ; tried += 1) {
    const text = String(tried);
    const oid = createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex');
    const beginning = oid.slice(0, 4);
    const twin = texts.get(beginning);
    texts.set(beginning, text);
    if (twin === undefined) continue;
    writeObject(repository, 'blob', text);
    writeObject(repository, 'blob', twin);
    return beginning;
  }
}

test('revisions are told apart: unknown, ambiguous, no commit', async () => {
  const opened = openByHand(temp, { gitDir: `${repository}/.git` });
  try {
    const { objects } = opened.handle();
    const revision = (text: string) => parseRevision(text);
    await expect(objects.resolve(revision('nothing'))).rejects.toMatchObject({
      code: 'revision.unknown',
    });
    await expect(objects.commitOf(revision('HEAD^{tree}'))).rejects.toMatchObject({
      code: 'revision.not_a_commit',
    });
    expect(await objects.commitOf(revision(head.slice(0, 12)))).toBe(head);
    const both = writeTwins();
    await expect(objects.resolve(revision(both))).rejects.toMatchObject({
      code: 'revision.ambiguous',
    });
  } finally {
    await opened.close();
  }
});

test('a sha256 repository is read as well', async () => {
  const path = `${temp.path}/sha256`;
  plainGit(temp.path, ['init', '-q', '--object-format=sha256', path]);
  temp.write('sha256/dir/a.txt', 'a\n');
  plainGit(path, ['add', '.']);
  plainGit(path, ['commit', '-q', '-m', 'first']);
  const opened = openByHand(temp, { gitDir: `${path}/.git`, objectFormat: 'sha256' });
  try {
    const { objects } = opened.handle();
    const oid = await objects.commitOf(parseRevision('HEAD'));
    expect(oid).toHaveLength(64);
    expect(await objects.commits([oid])).toMatchObject([{ subject: 'first', parents: [] }]);
  } finally {
    await opened.close();
  }
});
