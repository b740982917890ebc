import { configure, put } from '../files.ts';
import type { HostilePlace, HostileVector } from './vector.ts';

const ALL = '* diff=evil\n';

const DIFFS = [['diff'], ['diff', 'HEAD~1', 'HEAD'], ['diff', '--cached']];

const TEXT_CONVERSIONS = [
  ...DIFFS,
  ['log', '-p'],
  ['show'],
  ['blame', 'README.md'],
  ['cat-file', '--textconv', 'HEAD:README.md'],
];

function conversion({ repository, canary }: HostilePlace): void {
  configure(repository, { 'diff.evil.textconv': canary.script });
}

/** Programs that show a file's changes, chosen by an attribute or for all files. */
export const DRIVERS: readonly HostileVector[] = [
  {
    name: 'diff-external',
    row: 'diff.external',
    bites: 'executes',
    build: ({ repository, canary }) => {
      configure(repository, { 'diff.external': canary.script });
    },
    naive: DIFFS,
  },
  {
    name: 'diff-command',
    row: 'diff.<driver>.command, by .gitattributes',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.gitattributes', ALL);
      configure(repository, { 'diff.evil.command': canary.script });
    },
    naive: DIFFS,
  },
  {
    name: 'diff-command-info-attributes',
    row: 'diff.<driver>.command, by info/attributes',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.git/info/attributes', ALL);
      configure(repository, { 'diff.evil.command': canary.script });
    },
    naive: DIFFS,
  },
  {
    name: 'diff-command-attributes-file',
    row: 'diff.<driver>.command, by core.attributesFile',
    bites: 'executes',
    build({ repository, canary }) {
      const attributes = put(repository, '.git/more-attributes', ALL);
      configure(repository, {
        'core.attributesFile': attributes,
        'diff.evil.command': canary.script,
      });
    },
    naive: DIFFS,
  },
  {
    name: 'textconv',
    row: 'diff.<driver>.textconv, by .gitattributes',
    bites: 'executes',
    build(place) {
      put(place.repository, '.gitattributes', ALL);
      conversion(place);
    },
    naive: TEXT_CONVERSIONS,
  },
  {
    name: 'textconv-info-attributes',
    row: 'diff.<driver>.textconv, by info/attributes',
    bites: 'executes',
    build(place) {
      put(place.repository, '.git/info/attributes', ALL);
      conversion(place);
    },
    naive: TEXT_CONVERSIONS,
  },
];
