import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { put } from '../files.ts';
import { writeObject } from '../objects.ts';
import { varint } from '../reftable.ts';
import { secretFile } from '../secret.ts';
import type { HostileVector } from './vector.ts';

/** An entry of an index of version 4, whose parts need not fit each other. */
interface RawEntry {
  readonly id: string;
  readonly stage?: number;
  /** The length of the whole name, as the entry says it. */
  readonly said: number;
  /** Bytes that are taken off the end of the name before. */
  readonly strip: number;
  readonly rest: Buffer;
}

/** What an entry says for every name that is this long or longer. */
const LONG = 0xfff;

function rawEntry({ id, stage = 0, said, strip, rest }: RawEntry): Buffer {
  const fixed = Buffer.alloc(62);
  fixed.writeUInt32BE(0o100644, 24);
  fixed.write(id, 40, 'hex');
  fixed.writeUInt16BE(stage * 0x1000 + said, 60);
  return Buffer.concat([fixed, varint(strip), rest, Buffer.from([0])]);
}

/**
 * An index that is listed as `a`, `a` and `readme`, and is another one after git has written it again.
 *
 * The first name has a NUL in it, behind which stands what looks like an entry. The second one shares it,
 * and is too long to say its length, so that git measures up to the NUL when it reads it back: what
 * follows is taken for the next entry.
 */
function changingIndex(path: string, blob: string, readme: string): Buffer {
  const said = Buffer.byteLength(path);
  const hidden = rawEntry({ id: blob, said, strip: 1, rest: Buffer.from(path) });
  const end = Buffer.from('ZZZZ\x7f\xff\xff\xf0', 'latin1');
  // The first can say its length, and the second cannot.
  const first = Buffer.alloc(LONG - 1, 'x');
  Buffer.concat([Buffer.from('a\0'), hidden, end]).copy(first);
  const second = Buffer.alloc(200, 'z');
  const last = Buffer.from('readme');
  const head = Buffer.alloc(12);
  head.write('DIRC');
  head.writeUInt32BE(4, 4);
  head.writeUInt32BE(3, 8);
  const body = Buffer.concat([
    head,
    rawEntry({ id: blob, stage: 1, said: first.length, strip: 0, rest: first }),
    rawEntry({ id: blob, stage: 2, said: LONG, strip: 0, rest: second }),
    rawEntry({ id: readme, said: last.length, strip: first.length + second.length, rest: last }),
  ]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** Indexes that git reads in one way, and writes in another. */
export const INDEXES: readonly HostileVector[] = [
  {
    name: 'index-that-changes',
    row: 'a crafted index: a NUL in a shared name makes another entry of it when it is written again',
    bites: 'reads outside',
    build(place) {
      const { repository } = place;
      secretFile(place);
      const directory = join(repository, '.git');
      const blob = writeObject(directory, 'blob', 'nothing\n');
      // What only looks changed is refreshed, and so the index is written.
      put(repository, 'readme', 'the same\n');
      const readme = writeObject(directory, 'blob', 'the same\n');
      const path = '../../outside/index-that-changes/secret.txt';
      put(repository, '.git/index', changingIndex(path, blob, readme));
    },
    naive: [['-c', 'alias.twice=!git status --short; git diff', 'twice']],
  },
];
