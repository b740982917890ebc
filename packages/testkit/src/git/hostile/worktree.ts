import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { configure, put } from '../files.ts';
import { git } from '../run.ts';
import { secretFile } from '../secret.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

/** Puts a conflict of a file into the index, of which the work tree need not know. */
function conflict(repository: string, path: string): void {
  const lines = ['base\n', 'ours\n', 'theirs\n'].map((input, at) => {
    const id = git(repository, ['hash-object', '-w', '--stdin'], { input }).trim();
    return `100644 ${id} ${String(at + 1)}\t${path}\n`;
  });
  git(repository, ['update-index', '--index-info'], { input: lines.join('') });
}

function reads(
  name: string,
  row: string,
  build: HostileVector['build'],
  naive: HostileVector['naive'],
): HostileVector {
  return { name, row, bites: 'reads outside', build, naive };
}

/** A tracked file that has the size and the time of the secret one, as its entry in the index says. */
function twin({ repository, marker }: HostilePlace, secret: string): void {
  const { size } = statSync(secret);
  const own = put(repository, 'linked/secret.txt', marker.replaceAll(/./g, 'x').padEnd(size, '\n'));
  utimesSync(secret, 1_600_000_000, 1_600_000_000);
  utimesSync(own, 1_600_000_000, 1_600_000_000);
  configure(repository, { 'core.checkStat': 'minimal', 'core.trustctime': 'false' });
  git(repository, ['add', 'linked/secret.txt']);
  git(repository, ['commit', '--quiet', '--message=Track a file', 'linked/secret.txt']);
}

/** What the work tree holds leads out, although each path of the index is harmless. */
export const WORKTREE: readonly HostileVector[] = [
  reads(
    'conflict-behind-link',
    'a conflict whose directory is a link: its file is opened without looking',
    (place) => {
      secretFile(place);
      conflict(place.repository, 'linked/secret.txt');
      symlinkSync(place.outside, join(place.repository, 'linked'));
    },
    [['diff'], ['diff', '--cc'], ['diff-files', '-c', '-p']],
  ),

  reads(
    'conflict-behind-deep-link',
    'the same two directories higher, beside an honest conflict',
    (place) => {
      secretFile(place);
      conflict(place.repository, 'src/app.ts');
      conflict(place.repository, 'deep/linked/inner/secret.txt');
      mkdirSync(join(place.outside, 'inner'));
      renameSync(join(place.outside, 'secret.txt'), join(place.outside, 'inner/secret.txt'));
      mkdirSync(join(place.repository, 'deep'));
      symlinkSync(place.outside, join(place.repository, 'deep/linked'));
    },
    [['diff'], ['diff-files', '-c', '-p']],
  ),

  reads(
    'conflict-in-git-directory',
    'a conflict whose directory is a link to .git: never content',
    ({ repository, marker }) => {
      configure(repository, { 'user.password': marker });
      conflict(repository, 'linked/config');
      symlinkSync('.git', join(repository, 'linked'));
    },
    [['diff'], ['diff-files', '-c', '-p']],
  ),

  reads(
    'file-instead-of-object',
    'a deleted file whose directory is a link: what is there has the size and time that the index says, and is read instead of the object',
    (place) => {
      twin(place, secretFile(place));
      rmSync(join(place.repository, 'linked'), { recursive: true });
      symlinkSync(place.outside, join(place.repository, 'linked'));
    },
    [['diff'], ['diff', 'HEAD'], ['diff-files', '-p']],
  ),
];
