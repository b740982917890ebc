import { type Argument, word } from '../../guard/index.ts';

/**
 * What every command that compares gets, besides what the process layer gives to all: no program of a
 * driver is run, submodules are not entered, and no setting changes the form of what we parse.
 */
export const DIFF_FLAGS: readonly Argument[] = [
  word('--no-ext-diff'),
  word('--no-textconv'),
  word('--no-color'),
  word('--no-color-moved'),
  word('--no-relative'),
  word('--src-prefix=a/'),
  word('--dst-prefix=b/'),
  word('--ignore-submodules=dirty'),
  word('--submodule=short'),
  word('--find-renames'),
];
