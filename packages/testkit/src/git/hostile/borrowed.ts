import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { configText, configure, put } from '../files.ts';
import { indexBytes } from '../index-file.ts';
import { objectPath, setRef, writeObject } from '../objects.ts';
import { reftableBytes, tableName } from '../reftable.ts';
import { git } from '../run.ts';
import { type SecretRepository, secretFile, secretRepository } from '../secret.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

const READS_COMMIT = [
  ['log', 'stolen'],
  ['show', 'stolen'],
  ['cat-file', '-p', 'stolen:secret.txt'],
];

/** Replaces what the repository has by a link to what it has not. */
function link(place: HostilePlace, name: string, target: string): void {
  const path = join(place.repository, '.git', name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** Lets a branch name the commit that is stored outside. */
function steal({ repository }: HostilePlace, id: string): void {
  setRef(join(repository, '.git'), 'refs/heads/stolen', id);
}

function packed(secret: SecretRepository): string {
  const input = [secret.commit, secret.tree, secret.blob].join('\n');
  const words = ['pack-objects', '--quiet', '.git/objects/pack/pack'];
  return `pack-${git(secret.directory, words, { input }).trim()}`;
}

function vector(
  name: string,
  row: string,
  build: (place: HostilePlace, secret: SecretRepository) => void,
  naive: HostileVector['naive'] = READS_COMMIT,
): HostileVector {
  return {
    name,
    row,
    bites: 'reads outside',
    build(place) {
      build(place, secretRepository(place));
    },
    naive,
  };
}

/** The repository's own parts are read from elsewhere: links, and files that name a directory. */
export const BORROWED: readonly HostileVector[] = [
  vector(
    'git-directory-symlink',
    '.git is a link to another repository',
    ({ repository }, { gitDirectory }) => {
      rmSync(join(repository, '.git'), { recursive: true });
      symlinkSync(gitDirectory, join(repository, '.git'));
    },
    [['log'], ['branch'], ['reflog'], ['show', 'HEAD:secret.txt']],
  ),

  vector(
    'gitfile-outside',
    '.git is a file that names another repository',
    ({ repository }, { gitDirectory }) => {
      rmSync(join(repository, '.git'), { recursive: true });
      put(repository, '.git', `gitdir: ${gitDirectory}\n`);
    },
    [['log'], ['branch'], ['show', 'HEAD:secret.txt']],
  ),

  vector(
    'commondir-outside',
    'commondir names another repository',
    ({ repository }, { gitDirectory }) => {
      put(repository, '.git/commondir', `${gitDirectory}\n`);
    },
    [['log'], ['branch'], ['show', 'HEAD:secret.txt']],
  ),

  vector('alternates-outside', 'objects/info/alternates', (place, { gitDirectory, commit }) => {
    put(place.repository, '.git/objects/info/alternates', `${gitDirectory}/objects\n`);
    steal(place, commit);
  }),

  vector(
    'alternates-relative',
    'objects/info/alternates, by a relative path',
    (place, { commit }) => {
      const up = `../../../../outside/alternates-relative/secret/.git/objects`;
      put(place.repository, '.git/objects/info/alternates', `${up}\n`);
      steal(place, commit);
    },
  ),

  vector('alternates-chain', 'objects/info/alternates of an alternate', (place, secret) => {
    put(place.repository, '.git/more/objects/info/alternates', `${secret.gitDirectory}/objects\n`);
    put(place.repository, '.git/objects/info/alternates', '../more/objects\n');
    steal(place, secret.commit);
  }),

  vector('objects-symlink', 'objects is a link', (place, { gitDirectory, commit }) => {
    cpSync(join(place.repository, '.git/objects'), join(gitDirectory, 'objects'), {
      recursive: true,
    });
    link(place, 'objects', join(gitDirectory, 'objects'));
    steal(place, commit);
  }),

  vector('pack-directory-symlink', 'objects/pack is a link', (place, secret) => {
    packed(secret);
    link(place, 'objects/pack', join(secret.gitDirectory, 'objects/pack'));
    steal(place, secret.commit);
  }),

  vector('pack-symlink', 'a pack and its index are links', (place, secret) => {
    const name = packed(secret);
    for (const kind of ['pack', 'idx'])
      link(
        place,
        `objects/pack/${name}.${kind}`,
        join(secret.gitDirectory, `objects/pack/${name}.${kind}`),
      );
    steal(place, secret.commit);
  }),

  vector('fan-out-symlink', 'a directory of loose objects is a link', (place, secret) => {
    for (const id of [secret.commit, secret.tree, secret.blob]) {
      const fanOut = `objects/${id.slice(0, 2)}`;
      const there = join(secret.gitDirectory, fanOut);
      const here = join(place.repository, '.git', fanOut);
      if (existsSync(here)) cpSync(here, there, { recursive: true });
      link(place, fanOut, there);
    }
    steal(place, secret.commit);
  }),

  vector('loose-object-symlink', 'a loose object is a link', (place, secret) => {
    for (const id of [secret.commit, secret.tree, secret.blob])
      link(place, objectPath('', id), objectPath(secret.gitDirectory, id));
    steal(place, secret.commit);
  }),

  vector(
    'packed-refs-symlink',
    'packed-refs is a link',
    (place) => {
      const head = git(place.repository, ['rev-parse', 'HEAD']).trim();
      link(
        place,
        'packed-refs',
        put(place.outside, 'packed-refs', `${head} refs/heads/${place.marker}\n`),
      );
    },
    [['branch'], ['for-each-ref'], ['log', '--all', '--decorate']],
  ),

  vector(
    'refs-symlink',
    'refs is a link',
    (place, { gitDirectory }) => {
      const head = git(place.repository, ['rev-parse', 'HEAD']).trim();
      for (const name of ['main', place.marker]) setRef(gitDirectory, `refs/heads/${name}`, head);
      link(place, 'refs', join(gitDirectory, 'refs'));
    },
    [['for-each-ref'], ['branch']],
  ),

  vector(
    'ref-symlink',
    'a branch is a link to a file',
    (place) => {
      link(place, 'refs/heads/stolen', secretFile(place, `ref: refs/heads/${place.marker}`));
    },
    [['symbolic-ref', 'refs/heads/stolen']],
  ),

  {
    ...vector(
      'reftable-outside',
      'reftable/tables.list names a table of another repository',
      ({ repository, outside, marker }) => {
        const id = git(repository, ['rev-parse', 'HEAD']).trim();
        const refs = [
          { name: 'HEAD', target: 'refs/heads/main' },
          { name: 'refs/heads/main', id },
          { name: `refs/heads/${marker}`, id },
        ];
        const table = tableName(1, 1);
        put(outside, `reftable/${table}`, reftableBytes(refs));
        put(repository, '.git/HEAD', 'ref: refs/heads/.invalid\n');
        const up = '../../../../outside/reftable-outside/reftable';
        put(repository, '.git/reftable/tables.list', `${up}/${table}\n`);
        configure(repository, {
          'core.repositoryformatversion': '1',
          'extensions.refstorage': 'reftable',
        });
      },
      [['branch'], ['for-each-ref'], ['log', '--all', '--decorate']],
    ),
    since: '2.45',
  },

  vector(
    'logs-symlink',
    'logs is a link',
    (place) => {
      const head = git(place.repository, ['rev-parse', 'HEAD']).trim();
      const entry = `${head} ${head} Ada Author <ada@example.org> 1700000000 +0000\tcommit: ${place.marker}\n`;
      put(place.outside, 'logs/HEAD', entry);
      link(place, 'logs', join(place.outside, 'logs'));
    },
    [['reflog'], ['log', '-g']],
  ),

  vector(
    'shallow-symlink',
    'shallow is a link: an error shows its first line',
    (place) => {
      link(place, 'shallow', secretFile(place));
    },
    [['log'], ['status'], ['show']],
  ),

  vector(
    'grafts-symlink',
    'info/grafts is a link: an error shows its lines',
    (place) => {
      link(place, 'info/grafts', secretFile(place));
    },
    [['log'], ['show'], ['rev-list', 'HEAD']],
  ),

  vector(
    'config-symlink',
    'config is a link',
    (place) => {
      const settings = { 'core.repositoryformatversion': '0', 'user.password': place.marker };
      link(place, 'config', put(place.outside, 'config', configText(settings)));
    },
    [
      ['config', '--list'],
      ['config', 'user.password'],
    ],
  ),

  vector(
    'include-outside',
    'include.path names a file outside',
    (place) => {
      const file = put(
        place.outside,
        'credentials',
        configText({ 'default.secret': place.marker }),
      );
      put(place.repository, '.git/config', configText({ 'include.path': file }));
    },
    [['config', '--list']],
  ),

  vector(
    'index-symlink',
    'index is a link',
    (place) => {
      const id = writeObject(join(place.repository, '.git'), 'blob', '');
      const index = put(place.outside, 'index', indexBytes([{ path: place.marker, id }]));
      link(place, 'index', index);
    },
    [['ls-files'], ['status'], ['diff', '--name-only']],
  ),

  vector(
    'stash-of-another',
    'a reflog names commits that are stored outside',
    (place, { gitDirectory, commit }) => {
      put(place.repository, '.git/objects/info/alternates', `${gitDirectory}/objects\n`);
      const entry = `${commit} ${commit} Ada Author <ada@example.org> 1700000000 +0000\tWIP\n`;
      put(place.repository, '.git/logs/refs/stash', entry);
      setRef(join(place.repository, '.git'), 'refs/stash', commit);
    },
    [
      ['stash', 'list', '--format=%B'],
      ['log', '-g', 'refs/stash'],
    ],
  ),
];
