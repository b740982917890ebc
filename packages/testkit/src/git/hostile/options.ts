import { join } from 'node:path';

import { configure, put } from '../files.ts';
import { setRef } from '../objects.ts';
import { git } from '../run.ts';
import type { HostileVector } from './vector.ts';

/** Where an option that writes would write. */
const WRITTEN = 'pwned';

/** A word of a shell, without a slash: it has to be the name of a file. */
const PAGER = `-O: >${WRITTEN};:`;

/** Names that are options, once a careless reader puts them behind a command. */
export const OPTION_LIKE: readonly string[] = [
  `--output=${WRITTEN}`,
  '-O',
  PAGER,
  `--open-files-in-pager=: >${WRITTEN};:`,
  `--upload-pack=: >${WRITTEN};:`,
  `--exec=: >${WRITTEN};:`,
  `--ext-diff`,
  '--textconv',
  '--no-index',
  '--contents=/etc/passwd',
  '--ignore-revs-file=/etc/passwd',
  '--pathspec-from-file=/etc/passwd',
  '--stdin',
  '--help',
  '--all',
  '-S/etc/passwd',
  '-F/etc/passwd',
  '-c',
  '-C..',
  '--git-dir=/etc',
  '--',
  '-',
  '-z',
];

/** Tracks files of these names. */
function track(repository: string, names: readonly string[]): void {
  for (const name of names) put(repository, name, 'Ordinary\n');
  git(repository, ['--literal-pathspecs', 'add', '--', ...names]);
}

/** References and files whose names are options or patterns. */
export const OPTIONS: readonly HostileVector[] = [
  {
    name: 'option-like-branch',
    row: 'a branch that is called --output=<file>',
    bites: 'writes',
    build({ repository }) {
      const id = git(repository, ['rev-parse', 'side']).trim();
      for (const name of OPTION_LIKE.filter((entry) => /^-[\w=-]+$/.test(entry)))
        setRef(join(repository, '.git'), `refs/heads/${name}`, id);
    },
    naive: ['log', 'diff', 'show', 'rev-list', 'shortlog', 'reflog', 'archive'].map((command) => [
      command,
      `--output=${WRITTEN}`,
      'HEAD',
    ]),
    written: WRITTEN,
  },
  {
    name: 'option-like-file',
    row: 'a file that is called -O<command>',
    bites: 'writes',
    build({ repository }) {
      const names = OPTION_LIKE.filter((entry) => !entry.includes('/'));
      track(repository, names);
    },
    naive: [
      ['grep', PAGER, 'Ordinary'],
      ['grep', `--open-files-in-pager=: >${WRITTEN};:`, 'Ordinary'],
      ['log', `--output=${WRITTEN}`],
    ],
    written: WRITTEN,
  },
  {
    name: 'option-like-file-and-pager',
    row: 'a file that is called -O, and core.pager: no terminal is needed',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '-O', 'Ordinary\n');
      configure(repository, { 'core.pager': canary.script });
    },
    naive: [['grep', '-O', 'Ordinary']],
  },
  {
    name: 'pattern-like-file',
    row: 'files whose names are patterns: :(glob)**, :!x, *',
    bites: 'forges',
    build({ repository }) {
      track(repository, [':(glob)**', ':(exclude)x', ':!x', ':^x', '*', '[a-z]*', ':(attr:x)']);
    },
    naive: [
      ['ls-files', '--', ':(glob)**'],
      ['ls-files', '--', '*'],
      ['ls-files', '--', ':!x'],
      ['diff', 'HEAD~1', 'HEAD', '--', ':(glob)**'],
      ['log', '--stat', '--', '*'],
    ],
    forged: 'README.md',
  },
  {
    name: 'second-path-outside',
    row: 'diff with two paths, one outside: it compares files of the machine',
    bites: 'reads outside',
    build({ outside, marker }) {
      put(outside, 'secret.txt', `${marker}\n`);
    },
    naive: [
      ['diff', '--', 'README.md', '../../outside/second-path-outside/secret.txt'],
      ['diff', '--no-index', 'README.md', '../../outside/second-path-outside/secret.txt'],
      ['blame', '--contents', '../../outside/second-path-outside/secret.txt', 'README.md'],
      ['blame', '--ignore-revs-file=../../outside/second-path-outside/secret.txt', 'README.md'],
    ],
  },
];
