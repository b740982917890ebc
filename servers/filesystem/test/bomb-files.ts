import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { chdir, cwd } from 'node:process';

/** A file of so many bytes, none of which is on the disk. */
export function makeSparse(file: string, bytes: number): void {
  const descriptor = openSync(file, 'w');
  ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
}

/** Directories in each other, deeper than the kernel takes a path, with a file at the bottom. */
export function makeDeep(top: string, depth: number): void {
  const before = cwd();
  mkdirSync(top);
  chdir(top);
  for (let level = 0; level < depth; level += 1) {
    mkdirSync('d');
    chdir('d');
  }
  writeFileSync('bottom.txt', 'needle');
  chdir(before);
}

/** Names that one file can have on common file systems. */
const LINKS = 50_000;

/** A million where the disk has room for so many names; a hundred thousand otherwise. */
export function entriesFor(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize > 2 * 1024 ** 3 ? 1_000_000 : 100_000;
}

/**
 * A directory of so many entries. They are names of few files: a listing sees no difference, and a disk
 * makes them in seconds.
 */
export function makeHuge(top: string, count: number): void {
  mkdirSync(top);
  const before = cwd();
  chdir(top);
  let base = '';
  for (let entry = 0; entry < count; entry += 1) {
    const name = `entry-${String(entry)}`;
    if (entry % LINKS === 0) {
      base = name;
      writeFileSync(base, '');
    } else linkSync(base, name);
  }
  chdir(before);
}
