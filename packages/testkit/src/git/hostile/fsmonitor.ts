import { cpSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { configText, configure, put } from '../files.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

const ROW = 'core.fsmonitor';

/** Whatever reads the index asks the monitor first. */
const READS_INDEX = [
  ['status'],
  ['diff'],
  ['diff', '--cached'],
  ['ls-files'],
  ['grep', 'Ordinary'],
  ['blame', 'README.md'],
  ['describe', '--dirty'],
  ['check-attr', 'text', 'README.md'],
  ['diff-tree', 'HEAD'],
];

function monitor({ canary }: HostilePlace): Record<string, string> {
  return { 'core.fsmonitor': canary.script };
}

function vector(carrier: string, name: string, build: HostileVector['build']): HostileVector {
  return { name, row: `${ROW}, ${carrier}`, bites: 'executes', build, naive: READS_INDEX };
}

/** One program, and the files in which git looks for its name. */
export const FSMONITOR: readonly HostileVector[] = [
  vector('in the configuration', 'fsmonitor', (place) => {
    configure(place.repository, monitor(place));
  }),

  vector('in a file that the configuration includes', 'fsmonitor-include', (place) => {
    put(place.repository, 'settings/more', configText(monitor(place)));
    configure(place.repository, { 'include.path': '../settings/more' });
  }),

  vector('in a file that it includes for this directory', 'fsmonitor-include-if', (place) => {
    put(place.repository, '.git/more', configText(monitor(place)));
    configure(place.repository, { 'includeIf.gitdir:/**.path': 'more' });
  }),

  vector('in a file that it includes for this branch', 'fsmonitor-include-branch', (place) => {
    put(place.repository, '.git/more', configText(monitor(place)));
    configure(place.repository, { 'includeIf.onbranch:main.path': 'more' });
  }),

  vector('in a file that it includes for this remote', 'fsmonitor-include-remote', (place) => {
    put(place.repository, '.git/more', configText(monitor(place)));
    configure(place.repository, {
      'remote.origin.url': 'https://example.org/x',
      'includeIf.hasconfig:remote.*.url:https://example.org/**.path': 'more',
    });
  }),

  vector('in config.worktree', 'fsmonitor-config-worktree', (place) => {
    put(place.repository, '.git/config.worktree', configText(monitor(place)));
    configure(place.repository, {
      'core.repositoryformatversion': '1',
      'extensions.worktreeConfig': 'true',
    });
  }),

  vector('in the directory that commondir names', 'fsmonitor-commondir', (place) => {
    configure(place.repository, monitor(place));
    mkdirSync(join(place.repository, 'common'));
    for (const name of ['config', 'objects', 'refs'])
      renameSync(join(place.repository, '.git', name), join(place.repository, 'common', name));
    put(place.repository, '.git/commondir', '../common\n');
  }),

  vector('in the directory that a .git file names', 'fsmonitor-gitfile', (place) => {
    configure(place.repository, monitor(place));
    renameSync(join(place.repository, '.git'), join(place.repository, 'metadata'));
    put(place.repository, '.git', 'gitdir: metadata\n');
  }),

  {
    name: 'embedded-bare-repository',
    row: 'a bare repository among the tracked files, found when its directory is the current one',
    bites: 'executes',
    build(place) {
      const bare = join(place.repository, 'vendor/dependency');
      mkdirSync(join(place.repository, 'vendor'));
      cpSync(join(place.repository, '.git'), bare, { recursive: true });
      const settings = { ...monitor(place), 'core.worktree': '../..' };
      put(bare, 'config', configText({ 'core.repositoryformatversion': '0', ...settings }));
    },
    naive: READS_INDEX.slice(0, 4).map((words) => ['-C', 'vendor/dependency', ...words]),
  },
];
