import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  isDotGit,
  parseTreePath,
  textFromTreePath,
  TOP,
  treePath,
  treePathFromBytes,
} from '../../src/guard/index.ts';
import { likePaths } from './texts.ts';

describe('a path', () => {
  test.each([
    ['', ''],
    ['.', ''],
    ['a', 'a'],
    ['a/b.ts', 'a/b.ts'],
    ['src/', 'src'],
    ['-x', '-x'],
    ['a b', 'a b'],
    ['a\\b', 'a\\b'],
    ['.gitignore', '.gitignore'],
    ['.github/x', '.github/x'],
    ['a.git', 'a.git'],
    ['...', '...'],
    [':(glob)**', ':(glob)**'],
    ['é', '\u00c3\u00a9'],
    ['caf\\x{E9}', 'caf\u00e9'],
    ['a\\u{A}b', 'a\nb'],
  ])('%j is these bytes', (text, bytes) => {
    expect(parseTreePath(text)).toBe(bytes);
  });

  test.each([
    '/',
    '//',
    '/etc/passwd',
    'a//b',
    'a//',
    './a',
    'a/.',
    'a/./b',
    '..',
    '../a',
    'a/../b',
    'a/..',
    'a\0b',
    'a\\u{0}b',
    'a\\x{00}b',
    'a\\u{2F}b',
    '..\\u{2F}..',
    'a\\x{2F}b',
    '\\u{2E}\\u{2E}/a',
    '\\x{2E}git/config',
    '.git',
    '.git/config',
    'a/.git/config',
    '.GIT/config',
    '.gIt',
    '.git.',
    '.git ',
    '.git . .',
    '.git:x',
    '.git::$INDEX_ALLOCATION',
    'git~1',
    'GIT~1/config',
    'git~1.',
    '.g\\u{200C}it',
    '\\u{FEFF}.git',
    '.gi\\u{206F}t',
    'x\\.git',
    '.git\\x',
    'a/'.repeat(257),
    'a'.repeat(4097),
    'é'.repeat(2049),
  ])(verifies('C3.words', '%j is refused'), (text) => {
    expect(() => parseTreePath(text)).toThrow(expect.objectContaining({ code: 'path.invalid' }));
  });

  test('the top is everything', () => {
    expect(parseTreePath('')).toBe(TOP);
    expect(textFromTreePath(TOP)).toBe('');
    expect(treePathFromBytes('')).toBe(undefined);
  });
});

test(verifies('C3.words', 'no path that is accepted leads out of a tree or into .git'), () => {
  let accepted = 0;
  fc.assert(
    fc.property(likePaths, (text) => {
      const { data } = treePath.safeParse(text);
      if (data === undefined || data === TOP) return;
      accepted += 1;
      for (const step of data.split('/')) {
        expect(['', '.', '..']).not.toContain(step);
        expect(isDotGit(step)).toBe(false);
      }
      expect(data).not.toContain('\0');
    }),
    { numRuns: 10_000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

test(verifies('E9.names', 'every path of git is shown on one line and can be sent back'), () => {
  fc.assert(
    fc.property(likePaths, (bytes) => {
      const path = treePathFromBytes(bytes);
      if (path === undefined) return;
      const shown = textFromTreePath(path);
      expect(shown).not.toMatch(/\p{Cc}/u);
      expect(parseTreePath(shown)).toBe(path);
    }),
    { numRuns: 10_000 },
  );
});
