import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { configure, put } from '../files.ts';
import { git } from '../run.ts';
import type { HostileVector } from './vector.ts';

type Settings = Readonly<Record<string, string>>;

const ROW = 'settings that change what a parser sees: ';

function forges(
  [name, settings]: readonly [string, Settings],
  naive: HostileVector['naive'],
  forged: string,
): HostileVector {
  return {
    name,
    row: `${ROW}${Object.keys(settings).join(', ')}`,
    bites: 'forges',
    build({ repository }) {
      configure(repository, settings);
    },
    naive,
    forged,
  };
}

function hides(
  [name, settings]: readonly [string, Settings],
  naive: HostileVector['naive'],
  hidden: string,
): HostileVector {
  return { ...forges([name, settings], naive, ''), bites: 'hides', hidden };
}

/** A format that prints a commit that is not there. */
const COMMIT = `commit ${'f'.repeat(40)}`;

/** Settings that run nothing, and break whoever reads git's output. */
export const SETTINGS: readonly HostileVector[] = [
  forges(
    ['setting-color', { 'color.ui': 'always', 'column.ui': 'always' }],
    [['diff'], ['status'], ['log'], ['branch'], ['grep', 'Ordinary'], ['show']],
    '\u001B[',
  ),

  forges(
    ['setting-no-prefix', { 'diff.noprefix': 'true' }],
    [['diff'], ['show']],
    'diff --git src/app.ts src/app.ts',
  ),

  forges(
    ['setting-mnemonic-prefix', { 'diff.mnemonicPrefix': 'true' }],
    [['diff']],
    'diff --git i/src/app.ts w/src/app.ts',
  ),

  hides(
    ['setting-output-encoding', { 'i18n.logOutputEncoding': 'UTF-16' }],
    [['log'], ['log', '--format=%s'], ['show']],
    'Correct the answer',
  ),

  forges(
    ['setting-short-status', { 'status.short': 'true', 'status.branch': 'true' }],
    [['status']],
    '## main',
  ),

  forges(
    [
      'setting-format',
      { 'format.pretty': `${COMMIT}%nAuthor: Owner <owner@example.org>%n%n    %s` },
    ],
    [['log'], ['show']],
    COMMIT,
  ),

  forges(
    ['setting-date', { 'log.date': `format:${COMMIT}` }],
    [['log'], ['show'], ['reflog', '--format=%ad']],
    COMMIT,
  ),

  forges(
    ['setting-decorate', { 'log.decorate': 'full', 'log.abbrevCommit': 'true' }],
    [['log'], ['show']],
    'refs/heads/main',
  ),

  hides(
    ['setting-untracked', { 'status.showUntrackedFiles': 'no' }],
    [['status'], ['status', '--porcelain']],
    'notes.txt',
  ),

  hides(
    ['setting-show-root', { 'log.showRoot': 'false' }],
    [
      ['log', '-p'],
      ['show', 'light'],
    ],
    '+A readme.',
  ),

  hides(
    ['setting-context', { 'diff.context': '0', 'diff.interHunkContext': '0' }],
    [['diff', 'HEAD~1', 'HEAD'], ['show']],
    ' # Ordinary',
  ),

  hides(
    ['setting-relative', { 'diff.relative': 'true' }],
    [
      ['-C', 'src', 'diff', 'HEAD~2', 'HEAD'],
      ['-C', 'src', 'show'],
    ],
    'README.md',
  ),

  hides(['setting-bare', { 'core.bare': 'true' }], [['status'], ['diff']], 'src/app.ts'),

  {
    name: 'setting-function-pattern',
    row: 'diff.<driver>.xfuncname: a pattern that the C library tries for ever',
    bites: 'hangs',
    build({ repository }) {
      put(repository, '.gitattributes', '*.txt diff=evil\n');
      put(repository, 'long.txt', `${'a'.repeat(3000)}\n${'line\n'.repeat(10)}end\n`);
      git(repository, ['add', 'long.txt']);
      appendFileSync(join(repository, 'long.txt'), 'more\n');
      configure(repository, {
        'diff.evil.xfuncname': String.raw`^(.*)(.*)(.*)(.*)\1\2\3\4b$`,
      });
    },
    naive: [['diff']],
  },
];
