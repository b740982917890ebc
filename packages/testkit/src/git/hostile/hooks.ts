import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { configure } from '../files.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

const REFRESHES_INDEX = [['status'], ['diff'], ['describe', '--dirty', '--always']];

const OF_WRITES = [
  'applypatch-msg',
  'commit-msg',
  'post-checkout',
  'post-commit',
  'post-merge',
  'post-rewrite',
  'pre-commit',
  'prepare-commit-msg',
  'reference-transaction',
];

/** Git knows a hook by the name of its file. */
function hook({ canary }: HostilePlace, directory: string, names: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  for (const name of names) {
    cpSync(canary.script, join(directory, name));
    chmodSync(join(directory, name), 0o755);
  }
}

/** Programs that git starts after, or before, what it does. */
export const HOOKS: readonly HostileVector[] = [
  {
    name: 'hook-post-index-change',
    row: 'hooks/post-index-change: a read refreshes the index',
    bites: 'executes',
    build(place) {
      hook(place, join(place.repository, '.git/hooks'), ['post-index-change']);
    },
    naive: REFRESHES_INDEX,
  },
  {
    name: 'hooks-path',
    row: 'core.hooksPath, to a directory of tracked files',
    bites: 'executes',
    build(place) {
      hook(place, join(place.repository, 'tools'), ['post-index-change']);
      configure(place.repository, { 'core.hooksPath': 'tools' });
    },
    naive: REFRESHES_INDEX,
  },
  {
    name: 'hook-in-configuration',
    row: 'hook.<name>.command, in spite of an empty core.hooksPath',
    bites: 'executes',
    since: '2.54',
    build({ repository, canary }) {
      configure(repository, {
        'core.hooksPath': '/dev/null',
        'hook.evil.command': canary.script,
        'hook.evil.event': 'post-index-change',
      });
    },
    naive: REFRESHES_INDEX,
  },
  {
    name: 'hooks-of-writes',
    row: 'the hooks of commands that write',
    bites: 'executes',
    build(place) {
      hook(place, join(place.repository, '.git/hooks'), OF_WRITES);
    },
    naive: [
      ['commit', '--message=x', '--allow-empty'],
      ['branch', 'another'],
      ['tag', 'another'],
      ['checkout', '--quiet', 'HEAD~0'],
      ['stash'],
    ],
  },
];
