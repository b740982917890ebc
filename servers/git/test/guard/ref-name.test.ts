import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { refName, refNameFromGit } from '../../src/guard/index.ts';
import { isRefFormat } from '../../src/guard/ref-format.ts';
import { runGit } from './git.ts';
import { likeRevisions } from './texts.ts';

describe('a ref', () => {
  test.each([
    ['HEAD', 'HEAD'],
    ['@', 'HEAD'],
    ['stash', 'refs/stash'],
    ['main', 'refs/heads/main'],
    ['feature/x', 'refs/heads/feature/x'],
    ['refs/remotes/origin/main', 'refs/remotes/origin/main'],
    ['refs/stash', 'refs/stash'],
    ['ü', 'refs/heads/ü'],
  ])('%j is %s', (text, name) => {
    expect(refName.parse(text)).toBe(name);
  });

  test.each([
    '',
    '-g',
    '--all',
    'main~1',
    'main^',
    'main@{1}',
    '@{u}',
    'a..b',
    'a:b',
    'a b',
    'refs/',
    'refs/heads/',
    'refs/heads/*',
    '/etc/passwd',
    '../x',
    'a\u200bb',
  ])(verifies('C2.arguments', '%j is refused'), (text) => {
    expect(refName.safeParse(text).success).toBe(false);
  });

  test('a name out of a repository is one that git takes, and full', () => {
    expect(refNameFromGit('refs/heads/a\u00a0b')).toBe('refs/heads/a\u00a0b');
    for (const name of ['main', '../HEAD', 'refs/../HEAD', 'refs/heads/a..b', 'refs', '-x'])
      expect([name, refNameFromGit(name)]).toEqual([name, undefined]);
  });
});

test(verifies('C2.arguments', 'every ref that is accepted is HEAD or begins with refs/'), () => {
  let accepted = 0;
  fc.assert(
    fc.property(likeRevisions, (text) => {
      const { data } = refName.safeParse(text);
      if (data === undefined) return;
      accepted += 1;
      expect(data).toMatch(/^(?:HEAD$|refs\/[^\s:~^]+$)/);
    }),
    { numRuns: 10_000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

test('what counts as a name is what git itself takes for one', () => {
  const texts = fc.sample(likeRevisions, 250).filter((text) => !text.includes('\0'));
  for (const text of new Set(texts.map((each) => `refs/${each}`))) {
    // Node writes a lone surrogate as U+FFFD.
    if (!text.isWellFormed()) continue;
    const takes = runGit('/', ['check-ref-format', text]).code === 0;
    expect([text, isRefFormat(text)]).toEqual([text, takes]);
  }
}, 120_000);
