import { attacks, verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import {
  createPathGuard,
  labelOf,
  nameFromDisk,
  nameFromText,
  textFromName,
} from '../../src/guard/index.ts';
import type { Root } from '../../src/policy.ts';

const ROOTS: readonly Root[] = [
  { name: 'docs', path: '/srv/docs', spellings: ['/home/ada/docs', '/srv/docs'] },
  { name: 'code', path: '/srv/docs/code', spellings: ['/srv/docs/code'] },
  { name: 'hidden', path: '/srv/hidden', spellings: ['/srv/hidden'] },
];
const guard = createPathGuard(ROOTS, [
  { root: 'docs', deny: [] },
  { root: 'code', deny: [] },
]);

function parsed(text: string): string {
  const { root, steps } = guard.parse(text);
  return `${root}:${steps.map(textFromName).join('|')}`;
}

describe('the path guard', () => {
  test.each([
    ['a/b.txt', 'docs:a|b.txt'],
    ['docs:a', 'docs:a'],
    ['code:a', 'code:a'],
    ['docs:', 'docs:'],
    ['', 'docs:'],
    ['.', 'docs:.'],
    ['a//b', 'docs:a|b'],
    ['a/', 'docs:a|.'],
    ['docs:docs:a', 'docs:docs:a'],
    ['other:a', 'docs:other:a'],
    ['/srv/docs', 'docs:'],
    ['/srv/docs/a', 'docs:a'],
    ['/home/ada/docs/a', 'docs:a'],
    ['/srv/docs/code/a', 'code:a'],
    ['../a', 'docs:..|a'],
  ])('reads %j as %s', (text, steps) => {
    expect(parsed(text)).toBe(steps);
  });

  test.each([
    '/etc/passwd',
    '/srv/docs-sibling/a',
    '/srv/doc',
    '/srv',
    '/',
    '//srv/docs/a',
    '/home/ada/docs2',
  ])(verifies('C3.words', 'an absolute path outside the roots, %j, is refused'), (text) => {
    expect(() => guard.parse(text)).toThrow(
      expect.objectContaining({ code: 'path.refused', detail: 'absolute, outside the roots' }),
    );
  });

  test(verifies('E5.roots', 'a root that the caller may not use is a name like any other'), () => {
    expect(parsed('hidden:a')).toBe('docs:hidden:a');
    expect(() => guard.parse('/srv/hidden/a')).toThrow(
      expect.objectContaining({ code: 'path.refused' }),
    );
    expect(() => guard.within('hidden', [])).toThrow(
      expect.objectContaining({ code: 'path.refused' }),
    );
    expect(() => createPathGuard(ROOTS, []).parse('a')).toThrow(
      expect.objectContaining({ code: 'path.refused' }),
    );
  });

  test.each(attacks.MALFORMED)(verifies('C3.words', 'a malformed path is refused'), (text) => {
    expect(() => guard.parse(text)).toThrow(expect.objectContaining({ code: 'path.invalid' }));
  });

  test(verifies('C3.words', 'an escaped separator is no separator'), () => {
    for (const text of ['a\\u{2F}b', '..\\u{2F}..', 'a\\x{2F}b']) {
      expect(() => guard.parse(text)).toThrow(expect.objectContaining({ code: 'path.invalid' }));
    }
  });
});

describe('names', () => {
  test.each([
    ['plain.txt', 'plain.txt'],
    ['caf\u00E9', 'caf\u00C3\u00A9'],
    ['caf\\x{E9}', 'caf\u00E9'],
    ['a\\u{A}b', 'a\nb'],
    ['\\u{5C}u{41}', '\\u{41}'],
    ['\\u{5C}x{E9}', '\\x{E9}'],
    ['\\u{202E}x', '\u00E2\u0080\u00AEx'],
    ['a\\b', 'a\\b'],
  ])(verifies('E9.names', '%j names these bytes and is written so again'), (text, bytes) => {
    const name = nameFromText(text);
    expect(name).toBe(bytes);
    expect(textFromName(name)).toBe(text);
  });

  test('every sequence of bytes has a text that leads back to it', () => {
    for (let high = 0; high < 256; high += 1) {
      const bytes = String.fromCharCode(0x61, high, 0xc3, 0x28, high);
      const text = textFromName(nameFromDisk(bytes));
      expect(nameFromText(text)).toBe(bytes);
    }
  });

  test('a label is one line, whatever the names are', () => {
    expect(labelOf('docs', [nameFromText('a\nfile  docs:forged')])).toBe(
      'docs:a\\u{A}file  docs:forged',
    );
  });
});
