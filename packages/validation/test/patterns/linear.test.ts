import { attacks, verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { compileLinear } from '../../src/patterns/index.ts';

describe('compileLinear', () => {
  test.each([
    ['b+', 'abbb', 1],
    ['(?i)B', 'ab', 1],
    ['\\p{Lu}', 'aÄ', 1],
    ['😀b', 'a😀b', 1],
    ['x', 'abc', -1],
  ])('%s in %s', (source, text, index) => {
    const compiled = compileLinear(source);
    expect(compiled.ok && compiled.pattern.indexIn(text)).toBe(index);
    expect(compiled.ok && compiled.pattern.test(text)).toBe(index >= 0);
  });

  test('reads a literal as it is', () => {
    const compiled = compileLinear('a.b(', { literal: true });
    expect(compiled.ok && compiled.pattern.test('xa.b(')).toBe(true);
    expect(compiled.ok && compiled.pattern.test('xaxb(')).toBe(false);
  });

  test.each([
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '(',
    'a{1001}',
    '((a{100}){100}){100}',
    '('.repeat(2000),
  ])(verifies('C10.patterns', 'C1.no-echo', '%j is refused without being repeated'), (source) => {
    const compiled = compileLinear(source);
    expect(compiled.ok).toBe(false);
    expect(compiled.ok ? '' : compiled.problem).toMatch(/^[a-zA-Z )]{1,60}$/);
  });

  test.each(attacks.EXPRESSION_BOMBS)(
    verifies('C10.patterns', '$name does not explode'),
    ({ pattern, text }) => {
      const compiled = compileLinear(pattern);
      const started = performance.now();
      if (compiled.ok) compiled.pattern.test(text);
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );
});
