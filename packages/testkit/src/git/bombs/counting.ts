import { createHash } from 'node:crypto';
import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { put } from '../files.ts';
import { writeObject, writeTree } from '../objects.ts';
import { git } from '../run.ts';
import { type Bomb, commitEntries } from './bomb.ts';
import { writePack } from './pack.ts';

const MEBIBYTE = 1 << 20;

/** Lines of the same length, written side by side: a list of a million of them takes no time. */
function numbered(count: number, entry: (number: string) => string): Buffer {
  const first = Buffer.from(entry('0000000'), 'latin1');
  const bytes = Buffer.alloc(first.length * count);
  for (let index = 0; index < count; index += 1)
    bytes.write(entry(String(index).padStart(7, '0')), index * first.length, 'latin1');
  return bytes;
}

/** A tree of so many files, which are all the same one. */
function wideTree(repository: string, count: number): void {
  const gitDirectory = join(repository, '.git');
  const blob = Buffer.from(writeObject(gitDirectory, 'blob', 'one of many\n'), 'hex');
  const id = blob.toString('latin1');
  const tree = writeObject(
    gitDirectory,
    'tree',
    numbered(count, (name) => `100644 ${name}\0${id}`),
  );
  commitEntries(repository, [{ mode: '40000', name: 'many', id: tree }]);
}

/** `git diff` and `git status` look for renames, too, and with equal files need a quarter of a minute. */
const LISTS = [
  ['ls-tree', '-r', 'HEAD'],
  ['diff-tree', '-r', 'HEAD~1', 'HEAD'],
];

/** Very many of what is small. */
export const COUNTING: readonly Bomb[] = [
  {
    name: 'wide-tree',
    row: 'a directory of 1,000,000 entries, in history only',
    bites: 'exhausts',
    build(repository) {
      wideTree(repository, 1_000_000);
    },
    naive: LISTS,
    outputBytes: 32 * MEBIBYTE,
  },
  {
    name: 'directory',
    row: 'a directory of 100,000 entries, in history only',
    bites: 'exhausts',
    build(repository) {
      wideTree(repository, 100_000);
    },
    naive: LISTS,
    outputBytes: 4 * MEBIBYTE,
  },
  {
    name: 'tree-bomb',
    row: 'ten levels of directories, each of which holds the next one ten times',
    bites: 'exhausts',
    build(repository) {
      const gitDirectory = join(repository, '.git');
      let id = writeObject(gitDirectory, 'blob', 'one of very many\n');
      for (let level = 0; level < 10; level += 1) {
        const mode = level === 0 ? '100644' : '40000';
        id = writeTree(
          gitDirectory,
          Array.from({ length: 10 }, (_, index) => ({ mode, name: `d${String(index)}`, id })),
        );
      }
      commitEntries(repository, [{ mode: '40000', name: 'bomb', id }]);
    },
    naive: [
      ['ls-tree', '-r', 'HEAD'],
      ['grep', 'many', 'HEAD'],
    ],
    outputBytes: 4 * MEBIBYTE,
  },
  {
    name: 'deep-tree',
    row: '2,000 directories, one within the other (git has a limit of 2,048)',
    bites: 'exhausts',
    build(repository) {
      const gitDirectory = join(repository, '.git');
      let id = writeObject(gitDirectory, 'blob', 'deep down\n');
      const objects = Array.from({ length: 2000 }, (_, level) => {
        const mode = level === 0 ? '100644' : '40000';
        const content = Buffer.concat([Buffer.from(`${mode} d\0`), Buffer.from(id, 'hex')]);
        const head = `tree ${String(content.length)}\0`;
        id = createHash('sha1').update(head).update(content).digest('hex');
        return { id, kind: 'tree' as const, content };
      });
      writePack(gitDirectory, objects);
      commitEntries(repository, [{ mode: '40000', name: 'deep', id }]);
    },
    naive: [['ls-tree', '-r', '-t', 'HEAD']],
    outputBytes: 2 * MEBIBYTE,
  },
  {
    name: 'settings',
    row: '500,000 settings in a configuration of a megabyte',
    bites: 'exhausts',
    build(repository) {
      put(repository, '.git/config', `[core]\n\tbare = false\n[a]\n${'b\n'.repeat(500_000)}`);
    },
    naive: [
      ['config', '--list'],
      ['config', '--list', '--local'],
    ],
    outputBytes: MEBIBYTE,
  },
  {
    name: 'packed-refs',
    row: '50,000 references, packed',
    bites: 'exhausts',
    build(repository) {
      const id = git(repository, ['rev-parse', 'HEAD']).trim();
      const lines = numbered(50_000, (name) => `${id} refs/heads/many/${name}\n`);
      put(repository, '.git/packed-refs', lines);
    },
    naive: [['for-each-ref', '--format=%(objectname) %(refname)'], ['show-ref']],
    outputBytes: MEBIBYTE,
  },
  {
    name: 'loose-refs',
    row: '20,000 references, a file each',
    bites: 'exhausts',
    build(repository) {
      const id = git(repository, ['rev-parse', 'HEAD']).trim();
      fill(join(repository, '.git/refs/heads/many'), 20_000, `${id}\n`);
    },
    naive: [['for-each-ref', '--format=%(objectname) %(refname)'], ['show-ref']],
    outputBytes: MEBIBYTE / 2,
  },
  {
    name: 'ref-directories',
    row: '25,000 directories of references, with long names and a reference in each',
    bites: 'exhausts',
    build(repository) {
      const id = git(repository, ['rev-parse', 'HEAD']).trim();
      const many = join(repository, '.git/refs/heads/many');
      const first = put(many, 'first', `${id}\n`);
      for (let index = 0; index < 25_000; index += 1) {
        const directory = join(many, String(index).padStart(7, '0') + 'x'.repeat(200));
        mkdirSync(directory);
        linkSync(first, join(directory, 'tip'));
      }
    },
    naive: [['for-each-ref', '--format=%(objectname) %(refname)'], ['show-ref']],
    outputBytes: 4 * MEBIBYTE,
  },
  {
    name: 'reflog',
    row: 'a reflog of 200,000 entries',
    bites: 'exhausts',
    build(repository) {
      const id = git(repository, ['rev-parse', 'HEAD']).trim();
      const person = 'Ada Author <ada@example.org> 1700000000 +0000';
      const lines = numbered(200_000, (name) => `${id} ${id} ${person}\tcommit: ${name}\n`);
      put(repository, '.git/logs/HEAD', lines);
    },
    naive: [['reflog'], ['log', '-g', '--format=%H %gs']],
    outputBytes: 4 * MEBIBYTE,
  },
  {
    name: 'index',
    row: 'an index of 200,000 entries whose files are not there',
    bites: 'exhausts',
    build(repository) {
      const id = writeObject(join(repository, '.git'), 'blob', 'one of many\n');
      put(repository, '.git/index', wideIndex(200_000, Buffer.from(id, 'hex')));
    },
    naive: [
      ['ls-files', '--stage'],
      ['diff', '--raw'],
    ],
    outputBytes: 2 * MEBIBYTE,
  },
  {
    name: 'untracked',
    row: '10,000 files that are not tracked',
    bites: 'exhausts',
    build(repository) {
      fill(join(repository, 'many', 'x'.repeat(60)), 10_000);
    },
    naive: [
      ['status', '--porcelain', '--untracked-files=all'],
      ['ls-files', '--others'],
    ],
    outputBytes: MEBIBYTE / 2,
  },
];

/** Fills a directory with names of one file: a link costs a third of what a file costs. */
function fill(directory: string, count: number, content = ''): void {
  const first = put(directory, '0000000', content);
  for (let index = 1; index < count; index += 1)
    linkSync(first, join(directory, String(index).padStart(7, '0')));
}

/** An index (version 2) whose paths are seven digits. */
function wideIndex(count: number, id: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.write('DIRC');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(count, 8);
  const fixed = Buffer.alloc(62);
  fixed.writeUInt32BE(0o100644, 24);
  id.copy(fixed, 40);
  fixed.writeUInt16BE(7, 60);
  const front = fixed.toString('latin1');
  const body = Buffer.concat([head, numbered(count, (name) => `${front}${name}\0\0\0`)]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}
