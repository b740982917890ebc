import { attacks, verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { isGlob } from '../../src/index.ts';
import { compileGlobs } from '../../src/patterns/index.ts';

describe('compileGlobs', () => {
  test.each([
    ['*.ts', ['a.ts', 'deep/er/a.ts', '.ts'], ['a.tsx', 'ts']],
    ['src/**/*.ts', ['src/a.ts', 'src/b/c.ts'], ['a.ts', 'x/src/a.ts']],
    ['src/*.ts', ['src/a.ts'], ['src/b/c.ts']],
    ['/a', ['a'], ['b/a']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'b']],
    ['**/a', ['a', 'b/a', 'b/c/a'], ['ab']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['a?c', ['abc', 'a😀c'], ['ac', 'a/c']],
    ['[a-c]x', ['ax', 'cx'], ['dx']],
    ['[!a]x', ['bx'], ['ax', '/x']],
    ['a[]]b', ['a]b'], ['ab']],
    ['{a,b{c,d}}', ['a', 'bc', 'bd'], ['b', 'ac']],
    ['a,b', ['a,b'], ['a']],
    ['a\\*', ['a*'], ['ab']],
    ['(a|b)+.$^', ['(a|b)+.$^'], ['a']],
    ['naïve', ['naïve'], ['naive']],
  ])('%s', (glob, hits, misses) => {
    const { matches } = compileGlobs([glob]);
    expect(hits.filter((path) => matches(path).length === 0)).toEqual([]);
    expect(misses.filter((path) => matches(path).length > 0)).toEqual([]);
  });

  test('says which globs match, and which are malformed', () => {
    const set = compileGlobs(['*.ts', '[', '{a', 'a}', '*', 'a\\', '[z-a]']);
    expect(set.malformed).toEqual([1, 2, 5, 6]);
    expect(set.matches('x.ts')).toEqual([0, 4]);
  });

  test('ignores case where it is asked to', () => {
    expect(compileGlobs(['.ENV'], { ignoreCase: true }).matches('a/.env')).toEqual([0]);
  });

  test.each(['', 'a'.repeat(513), '{'.repeat(5) + '}'.repeat(5)])('%j is no glob', (glob) => {
    expect(isGlob(glob)).toBe(false);
  });

  test.each(attacks.GLOB_BOMBS)(
    verifies('C10.patterns', '$name does not explode'),
    ({ pattern, text }) => {
      const started = performance.now();
      compileGlobs([pattern]).matches(text);
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );
});
