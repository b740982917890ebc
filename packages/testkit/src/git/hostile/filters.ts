import { configure, put } from '../files.ts';
import type { HostileVector } from './vector.ts';

const ALL = '* filter=evil\n';

/** The content of a changed file goes through `clean` before it is compared. */
const COMPARES = [
  ['status'],
  ['diff'],
  ['diff', '--stat'],
  ['diff-index', '-p', 'HEAD'],
  ['diff-files', '-p'],
  ['blame', 'src/app.ts'],
  ['ls-files', '-m'],
  ['describe', '--dirty', '--always'],
];

const CHECKS_OUT = [
  ['cat-file', '--filters', 'HEAD:README.md'],
  ['archive', '--format=tar', 'HEAD'],
  ['checkout', '--', 'README.md'],
];

/** Programs that a file's content passes on its way into the repository, and out of it. */
export const FILTERS: readonly HostileVector[] = [
  {
    name: 'filter-clean',
    row: 'filter.<driver>.clean, by .gitattributes',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.gitattributes', ALL);
      configure(repository, { 'filter.evil.clean': `${canary.command}; cat` });
    },
    naive: COMPARES,
  },
  {
    name: 'filter-clean-info-attributes',
    row: 'filter.<driver>.clean, by info/attributes',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.git/info/attributes', ALL);
      configure(repository, { 'filter.evil.clean': `${canary.command}; cat` });
    },
    naive: COMPARES,
  },
  {
    name: 'filter-process',
    row: 'filter.<driver>.process',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.gitattributes', ALL);
      configure(repository, { 'filter.evil.process': canary.script });
    },
    naive: COMPARES,
  },
  {
    name: 'filter-smudge',
    row: 'filter.<driver>.smudge',
    bites: 'executes',
    build({ repository, canary }) {
      put(repository, '.gitattributes', ALL);
      put(repository, '.git/info/attributes', ALL);
      put(repository, 'README.md', 'changed, to be checked out again\n');
      configure(repository, { 'filter.evil.smudge': `${canary.command}; cat` });
    },
    naive: CHECKS_OUT,
  },
];
