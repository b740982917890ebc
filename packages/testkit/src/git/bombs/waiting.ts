import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { configText, configure, put } from '../files.ts';
import { objectId, objectPath } from '../objects.ts';
import { APP } from '../template.ts';
import type { Bomb } from './bomb.ts';

/** Puts a pipe where a file should be: who opens it to read waits for one who writes, for ever. */
function putPipe(repository: string, name: string): void {
  const path = join(repository, name);
  rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  const { status, stderr } = spawnSync('mkfifo', [path]);
  if (status !== 0) throw new Error(`mkfifo: ${String(stderr)}`);
}

function pipe(name: string, path: string, naive: Bomb['naive']): Bomb {
  return {
    name: `pipe-${name}`,
    row: `a named pipe as ${path}`,
    bites: 'hangs',
    build(repository) {
      putPipe(repository, path);
    },
    naive,
  };
}

/** The levels that git follows, and how often each file includes the next one. */
const LEVELS = 9;
const INCLUDES = 20;

/** Files that make git wait, or work, without an end. */
export const WAITING: readonly Bomb[] = [
  pipe('gitignore', '.gitignore', [['status'], ['check-ignore', 'notes.txt']]),
  pipe('gitattributes', '.gitattributes', [['diff'], ['check-attr', 'text', 'README.md']]),
  pipe('mailmap', '.mailmap', [['log'], ['shortlog', 'HEAD'], ['blame', 'README.md']]),
  pipe('config', '.git/config', [['status'], ['log']]),
  {
    name: 'pipe-config-worktree',
    row: 'a named pipe as .git/config.worktree',
    bites: 'hangs',
    build(repository) {
      configure(repository, {
        'core.repositoryformatversion': '1',
        'extensions.worktreeConfig': 'true',
      });
      putPipe(repository, '.git/config.worktree');
    },
    naive: [['status'], ['log']],
  },
  pipe('head', '.git/HEAD', [['status'], ['log']]),
  pipe('index', '.git/index', [['status'], ['diff'], ['ls-files']]),
  pipe('packed-refs', '.git/packed-refs', [['for-each-ref'], ['branch']]),
  pipe('ref', '.git/refs/heads/main', [['log'], ['branch']]),
  pipe('shallow', '.git/shallow', [['log'], ['show']]),
  pipe('reflog', '.git/logs/HEAD', [['reflog'], ['log', '-g']]),
  pipe('commondir', '.git/commondir', [['status'], ['log']]),
  pipe('alternates', '.git/objects/info/alternates', [['log'], ['show']]),
  pipe('exclude', '.git/info/exclude', [['status']]),
  pipe('attributes', '.git/info/attributes', [['diff'], ['check-attr', 'text', 'README.md']]),
  pipe('grafts', '.git/info/grafts', [['log']]),
  pipe('object', objectPath('.git', objectId('blob', APP)), [
    ['cat-file', '-p', 'HEAD:src/app.ts'],
    ['show', 'HEAD'],
    ['diff'],
  ]),
  {
    name: 'include-bomb',
    row: 'configuration files that include each other, ten levels deep and twenty times each',
    bites: 'hangs',
    build(repository) {
      for (let level = 0; level < LEVELS; level += 1) {
        const next = configText({ 'include.path': `level-${String(level + 1)}` });
        put(repository, `.git/level-${String(level)}`, next.repeat(INCLUDES));
      }
      put(repository, `.git/level-${String(LEVELS)}`, '[user]\n\tname = Nobody\n');
      put(repository, '.git/config', configText({ 'include.path': 'level-1' }));
    },
    naive: [['status'], ['log']],
  },
];
