import { type Argument, word } from '../../guard/index.ts';

/**
 * What a log gets besides: no program that checks signatures, no names from a mailmap, no notes, and
 * no decoding of messages, which would hand a repository's bytes to the C library's iconv.
 */
export const LOG_FLAGS: readonly Argument[] = [
  word('--no-show-signature'),
  word('--no-mailmap'),
  word('--no-notes'),
  word('--no-decorate'),
  word('--no-abbrev-commit'),
  word('--encoding=none'),
];
