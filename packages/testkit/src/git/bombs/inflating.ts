import { join } from 'node:path';

import { put } from '../files.ts';
import {
  type ObjectKind,
  objectPath,
  setRef,
  writeCommit,
  writeObject,
  writeTree,
} from '../objects.ts';
import { git } from '../run.ts';
import { type Bomb, commitEntries } from './bomb.ts';
import { repeatingDelta, writePack } from './pack.ts';
import { deflated, digestOf, lengthOf, type Repetition } from './repeat.ts';

const MEBIBYTE = 1 << 20;

/** 64 KiB of lines. */
const LINES = Buffer.from(
  'All work and no play makes a dull boy, as they say in the town.\n'.repeat(1024),
);

/** How often each delta repeats its base. One copy is less than 16 MiB: hence the last step. */
const DELTAS = [8, 8, 8, 8, 64];

const READS_FILE = [
  ['cat-file', '-p', 'HEAD:bomb.txt'],
  ['log', '-1', '-p'],
  ['grep', 'dull', 'HEAD'],
];

/** Writes a loose object that is far longer than its file; returns its id. */
function writeRepetition(repository: string, kind: ObjectKind, text: Repetition): string {
  const head = Buffer.from(`${kind} ${String(lengthOf(text))}\0`);
  const whole = { ...text, head: Buffer.concat([head, text.head]) };
  const id = digestOf(whole);
  put(repository, objectPath('.git', id), deflated(whole));
  return id;
}

function writeBlob(repository: string, block: Buffer, times: number): void {
  const text = { head: Buffer.alloc(0), block, times };
  const id = writeRepetition(repository, 'blob', text);
  commitEntries(repository, [{ mode: '100644', name: 'bomb.txt', id }]);
}

/** The head of a commit, up to where something long begins. */
function commitHead(repository: string, upTo: 'author' | 'message' | 'parents'): Buffer {
  const [tree = '', parent = ''] = git(repository, ['rev-parse', 'HEAD^{tree}', 'HEAD']).split(
    '\n',
  );
  const person = 'Ada Author <ada@example.org> 1700000000 +0000';
  const lines = [`tree ${tree}`];
  if (upTo !== 'parents') lines.push(`parent ${parent}`);
  if (upTo === 'author') lines.push('author ');
  if (upTo === 'message') lines.push(`author ${person}`, `committer ${person}`, '', '');
  if (upTo === 'parents') lines.push('');
  return Buffer.from(lines.join('\n'));
}

/** Small files that inflate to large objects. */
export const INFLATING: readonly Bomb[] = [
  {
    name: 'blob-bomb',
    row: 'a file of 300 MB, 700 KB on the disk',
    bites: 'exhausts',
    build(repository) {
      writeBlob(repository, LINES, 4600);
    },
    naive: READS_FILE,
    outputBytes: 16 * MEBIBYTE,
    memoryBytes: 256 * MEBIBYTE,
  },
  {
    name: 'line-bomb',
    row: 'a file of 20 MB that is one line',
    bites: 'exhausts',
    build(repository) {
      writeBlob(repository, Buffer.from('x dull '.repeat(10_000)), 300);
    },
    naive: READS_FILE,
    outputBytes: 16 * MEBIBYTE,
  },
  {
    name: 'message-bomb',
    row: 'a commit whose message has 100 MB',
    bites: 'exhausts',
    build(repository) {
      const text = { head: commitHead(repository, 'message'), block: LINES, times: 1600 };
      setRef(
        join(repository, '.git'),
        'refs/heads/main',
        writeRepetition(repository, 'commit', text),
      );
    },
    naive: [['log'], ['show', '--no-patch'], ['cat-file', '-p', 'HEAD']],
    outputBytes: 16 * MEBIBYTE,
    memoryBytes: 64 * MEBIBYTE,
  },
  {
    name: 'name-bomb',
    row: 'a commit whose author has a name of 20 MB',
    bites: 'exhausts',
    build(repository) {
      // The object ends within the name: there is no address, no date and no committer.
      const block = Buffer.from('Ada '.repeat(10_000));
      const text = { head: commitHead(repository, 'author'), block, times: 500 };
      setRef(
        join(repository, '.git'),
        'refs/heads/main',
        writeRepetition(repository, 'commit', text),
      );
    },
    naive: [['cat-file', '-p', 'HEAD']],
    outputBytes: 16 * MEBIBYTE,
  },
  {
    name: 'parent-bomb',
    row: 'a commit with 100,000 parents',
    bites: 'exhausts',
    build(repository) {
      const gitDirectory = join(repository, '.git');
      const [tree = '', parent = ''] = git(repository, ['rev-parse', 'HEAD^{tree}', 'HEAD']).split(
        '\n',
      );
      const parents = Array.from({ length: 100_000 }, () => parent);
      const commit = writeCommit(gitDirectory, { tree, parents, message: 'Merge all\n' });
      setRef(gitDirectory, 'refs/heads/main', commit);
    },
    naive: [
      ['log', '-1', '--format=%P'],
      ['cat-file', '-p', 'HEAD'],
    ],
    outputBytes: 2 * MEBIBYTE,
  },
  {
    name: 'entry-name-bomb',
    row: '220 directories that are one, which holds a file with a name of 8 MB',
    bites: 'exhausts',
    build(repository) {
      const gitDirectory = join(repository, '.git');
      const blob = writeObject(gitDirectory, 'blob', 'one of few\n');
      const name = 'n'.repeat(8_000_000);
      const id = writeTree(gitDirectory, [{ mode: '100644', name, id: blob }]);
      const tree = writeTree(
        gitDirectory,
        Array.from({ length: 220 }, (_, index) => ({
          mode: '40000',
          name: `d${String(index).padStart(3, '0')}`,
          id,
        })),
      );
      commitEntries(repository, [{ mode: '40000', name: 'bomb', id: tree }]);
    },
    naive: [['ls-tree', '-r', 'HEAD']],
    outputBytes: 16 * MEBIBYTE,
  },
  {
    name: 'tag-bomb',
    row: '200 tags of nearly 1 MB each, and a branch whose commit has 400,000 headers',
    bites: 'exhausts',
    build(repository) {
      const gitDirectory = join(repository, '.git');
      const [tree = '', head = ''] = git(repository, ['rev-parse', 'HEAD^{tree}', 'HEAD']).split(
        '\n',
      );
      const padding = '\u2764\uFE0F'.repeat(170_000);
      for (let index = 0; index < 200; index += 1) {
        const name = `many-${String(index).padStart(3, '0')}`;
        const text = `object ${head}\ntype commit\ntag ${name}\n\n${name} ${padding}\n`;
        setRef(gitDirectory, `refs/tags/${name}`, writeObject(gitDirectory, 'tag', text));
      }
      const headers = Array.from({ length: 400_000 }, () => 'a');
      const commit = writeCommit(gitDirectory, { tree, parents: [head], message: 'x\n', headers });
      setRef(gitDirectory, 'refs/heads/headers', commit);
    },
    naive: [['for-each-ref', '--format=%(contents)', 'refs/tags']],
    outputBytes: 16 * MEBIBYTE,
  },
  {
    name: 'delta-bomb',
    row: 'a file of 256 MB that is a chain of five deltas, less than 1 KB in its pack',
    bites: 'exhausts',
    build(repository) {
      const gitDirectory = join(repository, '.git');
      const base = LINES.subarray(0, 1024);
      const first = { id: digestOf(repetition(base, 1)), kind: 'blob' as const, content: base };
      let times = 1;
      const deltas = DELTAS.map((factor) => {
        const content = repeatingDelta(base.length * times, factor);
        times *= factor;
        return { id: digestOf(repetition(base, times)), kind: 'delta' as const, content };
      });
      writePack(gitDirectory, [first, ...deltas]);
      const id = deltas.at(-1)?.id ?? '';
      commitEntries(repository, [{ mode: '100644', name: 'bomb.txt', id }]);
    },
    naive: READS_FILE,
    outputBytes: 16 * MEBIBYTE,
    memoryBytes: 256 * MEBIBYTE,
  },
  {
    name: 'bomb-in-work-tree',
    row: 'a changed file of 200 MB in the work tree',
    bites: 'exhausts',
    build(repository) {
      const line = LINES.toString('latin1');
      put(repository, 'README.md', line.repeat(200 * 16));
    },
    naive: [['diff']],
    outputBytes: 16 * MEBIBYTE,
    memoryBytes: 256 * MEBIBYTE,
  },
];

function repetition(block: Buffer, times: number): Repetition {
  const head = Buffer.from(`blob ${String(block.length * times)}\0`);
  return { head, block, times };
}
