import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { configure, put } from '../files.ts';
import { type IndexEntry, indexBytes } from '../index-file.ts';
import { writeObject } from '../objects.ts';
import { git } from '../run.ts';
import { secretFile, secretRepository } from '../secret.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

const SHOWS_CONTENT = [
  ['diff'],
  ['diff', 'HEAD'],
  ['diff-files', '-p'],
  ['diff-index', '-p', 'HEAD'],
  ['grep', '-h', 'MARKER'],
];

/** An index whose entries git believes: what they name is opened from the work tree. */
function craftedIndex({ repository }: HostilePlace, paths: readonly string[]): void {
  const id = writeObject(join(repository, '.git'), 'blob', 'nothing\n');
  const entries: readonly IndexEntry[] = paths.map((path) => ({ path, id }));
  put(repository, '.git/index', indexBytes(entries));
}

function vector(
  name: string,
  row: string,
  build: HostileVector['build'],
  naive: HostileVector['naive'],
): HostileVector {
  return { name, row, bites: 'reads outside', build, naive };
}

/** Files of the machine are read in place of the repository's: by a setting, an index, a link. */
export const OUTSIDE: readonly HostileVector[] = [
  vector(
    'worktree-outside',
    'core.worktree, absolute',
    (place) => {
      const secret = secretRepository(place);
      configure(place.repository, { 'core.worktree': secret.directory });
    },
    [['diff'], ['grep', 'MARKER'], ['blame', 'README.md']],
  ),

  vector(
    'worktree-outside-relative',
    'core.worktree, relative',
    (place) => {
      secretRepository(place);
      const up = '../../../outside/worktree-outside-relative/secret';
      configure(place.repository, { 'core.worktree': up });
    },
    [['diff'], ['-C', '.git', 'diff']],
  ),

  vector(
    'index-with-parent-path',
    'a crafted index: an entry that starts with ../',
    (place) => {
      secretFile(place);
      craftedIndex(place, [`../../outside/index-with-parent-path/secret.txt`]);
    },
    SHOWS_CONTENT,
  ),

  vector(
    'index-with-absolute-path',
    'a crafted index: an entry that starts with /',
    (place) => {
      craftedIndex(place, [secretFile(place)]);
    },
    SHOWS_CONTENT,
  ),

  vector(
    'index-with-git-directory',
    'a crafted index: an entry that names .git/config, which is never content',
    (place) => {
      configure(place.repository, { 'user.password': place.marker });
      craftedIndex(place, ['.git/config']);
    },
    SHOWS_CONTENT,
  ),

  vector(
    'symlinked-parent',
    'a tracked file whose directory is now a link',
    (place) => {
      const { repository, outside } = place;
      secretFile(place);
      put(repository, 'linked/secret.txt', 'tracked\n');
      git(repository, ['add', 'linked/secret.txt']);
      git(repository, ['commit', '--quiet', '--message=Track a file', 'linked/secret.txt']);
      rmSync(join(repository, 'linked'), { recursive: true });
      symlinkSync(outside, join(repository, 'linked'));
    },
    [
      ['grep', 'MARKER'],
      ['blame', 'linked/secret.txt'],
    ],
  ),

  vector(
    'blame-ignore-revs-file',
    'blame.ignoreRevsFile: an error shows its first line',
    (place) => {
      configure(place.repository, { 'blame.ignoreRevsFile': secretFile(place) });
    },
    [
      ['blame', 'README.md'],
      ['blame', 'HEAD', '--', 'README.md'],
    ],
  ),

  vector(
    'mailmap-file',
    'mailmap.file',
    (place) => {
      const line = `${place.marker} <ada@example.org>`;
      configure(place.repository, { 'mailmap.file': secretFile(place, line) });
    },
    [
      ['log'],
      ['show'],
      ['blame', 'README.md'],
      ['shortlog', '-s', 'HEAD'],
      ['check-mailmap', '<ada@example.org>'],
    ],
  ),

  vector(
    'attributes-file',
    'core.attributesFile',
    (place) => {
      const file = secretFile(place, `* secret=${place.marker}`);
      configure(place.repository, { 'core.attributesFile': file });
    },
    [['check-attr', '--all', 'README.md']],
  ),

  vector(
    'info-attributes-symlink',
    'info/attributes is a link',
    (place) => {
      mkdirSync(join(place.repository, '.git/info'), { recursive: true });
      const file = secretFile(place, `* secret=${place.marker}`);
      symlinkSync(file, join(place.repository, '.git/info/attributes'));
    },
    [['check-attr', '--all', 'README.md']],
  ),

  vector(
    'excludes-file',
    'core.excludesFile',
    (place) => {
      configure(place.repository, { 'core.excludesFile': secretFile(place, excluding(place)) });
    },
    [['check-ignore', '--verbose', 'new.txt']],
  ),

  vector(
    'info-exclude-symlink',
    'info/exclude is a link',
    (place) => {
      mkdirSync(join(place.repository, '.git/info'), { recursive: true });
      const file = secretFile(place, excluding(place));
      symlinkSync(file, join(place.repository, '.git/info/exclude'));
    },
    [['check-ignore', '--verbose', 'new.txt']],
  ),

  {
    name: 'order-file',
    row: 'diff.orderFile, outside: the order of the files tells what stands in it',
    bites: 'forges',
    build(place) {
      const order = secretFile(place, ['src/*', 'docs/*', 'README.md'].join('\n'));
      configure(place.repository, { 'diff.orderFile': order });
    },
    naive: [['diff', '--name-only', 'HEAD~2', 'HEAD']],
    forged: 'src/app.ts\ndocs/guide.md\nREADME.md',
  },

  vector(
    'commit-template',
    'commit.template (commands that write)',
    (place) => {
      configure(place.repository, { 'commit.template': secretFile(place), 'core.editor': 'cat' });
    },
    [['commit', '--allow-empty', '--cleanup=verbatim']],
  ),

  vector(
    'remote-credentials',
    'credentials in the URLs of remotes: never content',
    ({ repository, marker }) => {
      const url = `https://user:hunter2secret${marker}@example.org/x.git`;
      configure(repository, {
        'remote.origin.url': url,
        'remote.origin.pushurl': url,
        'remote.origin.fetch': '+refs/heads/*:refs/remotes/origin/*',
        'branch.side.remote': url,
        'branch.side.merge': 'refs/heads/side',
        [`url.${url}.insteadOf`]: 'short:',
      });
      const zeros = '0'.repeat(40);
      const head = git(repository, ['rev-parse', 'HEAD']).trim();
      put(
        repository,
        '.git/logs/HEAD',
        `${zeros} ${head} Ada Author <ada@example.org> 1700000000 +0000\tclone: from ${url}\n`,
      );
      put(repository, '.git/FETCH_HEAD', `${head}\t\tbranch 'main' of ${url}\n`);
    },
    [
      ['remote', '--verbose'],
      ['config', '--list'],
      ['reflog'],
      ['log', '-g'],
      ['for-each-ref', '--format=%(upstream:remotename) %(push:remotename)', 'refs/heads/side'],
    ],
  ),

  vector(
    'http-extra-header',
    'http.extraHeader with a token, and credential.username: never content',
    ({ repository, marker }) => {
      configure(repository, {
        'http.extraHeader': `Authorization: Bearer ${marker}`,
        'http.https://example.org/.extraHeader': `Authorization: Basic ${marker}`,
        'credential.username': marker,
      });
    },
    [
      ['config', '--list'],
      ['config', '--get-all', 'http.extraHeader'],
    ],
  ),
];

/** A pattern that holds the marker and matches every name with a point. */
function excluding({ marker }: HostilePlace): string {
  return `*[.${marker}]*`;
}
