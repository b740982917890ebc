import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { indexPathProblem } from '../../../src/guard/layout/index.ts';
import { emptyRepository, runGit } from '../git.ts';
import { likePaths } from '../texts.ts';

describe('a path in an index', () => {
  test.each([
    'a',
    'a/b',
    '.gitignore',
    '.github/x',
    '.gitx\xff',
    'a b',
    'a\\b',
    'x:y',
    '...',
    '..a',
    'git',
    'gits~1',
    'caf\xe9',
    '\xe2\x80\x8c',
    'a\nb',
  ])('%j is one', (path) => {
    expect(indexPathProblem(path, 'linux')).toBe(undefined);
  });

  test.each([
    ['/etc/passwd', 'absolute'],
    ['//x', 'absolute'],
    ['../x', 'leads out'],
    ['a/../../x', 'leads out'],
    ['a/..', 'leads out'],
    ['./a', 'leads out'],
    ['a/.', 'leads out'],
    ['', 'empty step'],
    ['a//b', 'empty step'],
    ['a/', 'empty step'],
    ['.git/config', 'in .git'],
    ['a/.git/config', 'in .git'],
    ['.GIT/config', 'in .git'],
    ['.git', 'in .git'],
    ['.git /config', 'in .git'],
    ['.git. ./config', 'in .git'],
    ['git~1/config', 'in .git'],
    ['.git::$INDEX_ALLOCATION/config', 'in .git'],
    ['.git\\config', 'in .git'],
    ['a\\.git\\config', 'in .git'],
    ['.g\xe2\x80\x8cit/config', 'in .git'],
    ['\xef\xbb\xbf.git/config', 'in .git'],
    ['.git\xe2\x81\xaf/config', 'in .git'],
    ['.git\xff/config', 'in .git'],
    ['a\0b', 'nul'],
  ])(verifies('C6.travelling', '%j is refused: %s'), (path, problem) => {
    expect(indexPathProblem(path, 'linux')).toBe(problem);
  });

  test.each([
    ['\\x', 'absolute'],
    ['..\\x', 'leads out'],
    ['C:\\x', 'drive'],
    ['C:x', 'drive'],
  ])(verifies('C6.travelling', 'on Windows, %j is refused: %s'), (path, problem) => {
    expect(indexPathProblem(path, 'win32')).toBe(problem);
    expect(indexPathProblem(path, 'linux')).toBe(undefined);
  });
});

test(
  verifies('C6.travelling', 'whatever git itself would not put into an index is refused'),
  () => {
    const repository = emptyRepository();
    runGit(repository.path, ['config', 'core.protectHFS', 'true']);
    runGit(repository.path, ['config', 'core.protectNTFS', 'true']);
    const { out } = runGit(repository.path, ['hash-object', '-w', '--stdin'], 'x');
    const paths = [...new Set(fc.sample(likePaths, 3000))];
    let refused = 0;
    // In one index a file would make way for a directory, so each path gets a command of its own.
    const suspects = paths.filter((path) => /git|\.\.|^\/|\/\/|\/$/i.test(path)).slice(0, 300);
    for (const path of suspects) {
      runGit(repository.path, ['read-tree', '--empty']);
      const line = Buffer.from(`100644 ${out.trim()}\t${path}\0`, 'latin1');
      runGit(repository.path, ['update-index', '-z', '--index-info'], line);
      if (runGit(repository.path, ['ls-files', '-z']).out === `${path}\0`) continue;
      refused += 1;
      expect([path, indexPathProblem(path)]).not.toEqual([path, undefined]);
    }
    repository.remove();
    expect(refused).toBeGreaterThan(50);
  },
  120_000,
);
