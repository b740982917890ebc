import { createHash } from 'node:crypto';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { MarkFinder } from '../../src/adapter/objects/marks.ts';
import type { Oid } from '../../src/guard/index.ts';
import { callFor, plainGit } from '../process/profile.ts';
import { type Opened, openByHand } from './opened.ts';
import { plantObject, writeObject } from './raw.ts';

const temp = makeTemp();
const repository = `${temp.path}/repo`;
/** Below what one command may take: who waits for an object that never comes takes all of that. */
const SOON_MS = 8000;
const TRUE_TEXT = 'the true text\n';
const FORGED = 'FORGED';
let opened: Opened;
let readme: Oid;

beforeAll(() => {
  plainGit(temp.path, ['init', '-q', '-b', 'main', repository]);
  plainGit(repository, ['commit', '-q', '--allow-empty', '-m', 'first']);
  readme = writeObject(repository, 'blob', TRUE_TEXT);
  opened = openByHand(temp, { gitDir: `${repository}/.git` });
});
afterAll(async () => {
  await opened.close();
  temp.remove();
});

function hashOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** What git would print for the next question, the readme. */
function answer(): string {
  return `${readme} blob ${FORGED.length}\n${FORGED}\n`;
}

/** Each loose object on the disk, header and all. git streams a blob to the end of its bytes. */
const FORGERIES: readonly (readonly [string, string, () => string])[] = [
  ['holds the answer to the next question', 'a1'.repeat(20), () => `blob 3\0abc\n${answer()}`],
  ['and its beginning fits its id', hashOf('blob 3\0abc'), () => `blob 3\0abc\n${answer()}`],
  ['holds three answers', 'a2'.repeat(20), () => `blob 3\0abc\n${answer().repeat(3)}`],
  ['is empty, and goes on', 'a3'.repeat(20), () => `blob 0\0\n${answer()}`],
  ['holds one line feed too many', 'a4'.repeat(20), () => 'blob 3\0abc\n'],
  ['announces more than it has', 'a5'.repeat(20), () => 'blob 300\0hello'],
  ['announces one byte more', 'a6'.repeat(20), () => 'blob 6\0hello'],
  // The line feed behind the mark would then be taken for the one behind the object.
  ['announces what ends with a mark', 'a7'.repeat(20), () => 'blob 52\0hello'],
  ['announces what ends with a longer mark', 'aa'.repeat(20), () => 'blob 53\0hello'],
  ['announces 2^63', 'a8'.repeat(20), () => `blob ${2n ** 63n - 1000n}\0hello`],
  ['has not the hash that is its name', 'a9'.repeat(20), () => 'blob 9\0different'],
];

describe('a loose blob that was forged', () => {
  test.each(FORGERIES)(
    verifies(
      'C6.travelling',
      'C10.repository-bombs',
      '%s: it is refused by itself, and what is asked with it is answered',
    ),
    async (_, id, bytes) => {
      const evil = plantObject(repository, id, bytes());
      const started = performance.now();
      // A call of its own each, as from several callers; nothing is remembered yet by this state.
      const asked = [evil, readme, readme, evil, readme].map(async (oid) => {
        let text = '';
        const batch = opened.batches.open(opened.profile, callFor());
        await batch.contents(oid, { bytesMax: 1_000_000 }, (piece) => {
          text += piece.toString('latin1');
        });
        return text;
      });
      const [first, ...others] = await Promise.allSettled(asked);
      expect(first).toMatchObject({ status: 'rejected' });
      const told = others.map((each) => (each.status === 'fulfilled' ? each.value : 'refused'));
      expect(told).toEqual([TRUE_TEXT, TRUE_TEXT, 'refused', TRUE_TEXT]);
      expect(performance.now() - started).toBeLessThan(SOON_MS);
    },
  );

  test('is refused as broken or too large, and never as a fault of ours', async () => {
    const ids = FORGERIES.map(([, id, bytes]) => plantObject(repository, id, bytes()));
    const { objects } = opened.handle();
    for (const id of ids) {
      await expect(objects.bytes(id, 1_000_000)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:repository\.broken|object\.too_large)$/),
      });
    }
    expect((await objects.bytes(readme, 1000)).toString()).toBe(TRUE_TEXT);
  });
});

test('a mark is found wherever the pieces of an object are divided', () => {
  const text = Buffer.from('some text? abc 1 ?and more');
  for (let from = 0; from <= text.length; from += 1) {
    for (let to = from; to <= text.length; to += 1) {
      const finder = new MarkFinder('? abc 1 ?');
      const pieces = [text.subarray(0, from), text.subarray(from, to), text.subarray(to)];
      expect(pieces.map((piece) => finder.found(piece)).some(Boolean)).toBe(true);
      const other = new MarkFinder('? abc 2 ?');
      expect(pieces.some((piece) => other.found(piece))).toBe(false);
    }
  }
});
