import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import {
  createPathGuard,
  nameFromText,
  parseUri,
  textFromName,
  uriOf,
} from '../../src/guard/index.ts';

const guard = createPathGuard(
  [{ name: 'docs', path: '/srv/docs', spellings: ['/srv/docs'] }],
  [{ root: 'docs', deny: [] }],
);

describe('parseUri', () => {
  test.each([
    ['workspace://docs', ''],
    ['workspace://docs/', ''],
    ['workspace://docs/a/b.txt', 'a|b.txt'],
    ['workspace://docs/a%20b', 'a b'],
    ['workspace://docs/100%25', '100%'],
    ['workspace://docs/%252e%252e', '%2e%2e'],
    ['workspace://docs/..%20', '.. '],
    ['workspace://docs/../a', '..|a'],
    ['workspace://docs/%2e%2e/a', '..|a'],
  ])(verifies('C3.uris', '%s is decoded once'), (uri, steps) => {
    expect(parseUri(uri, guard).steps.map(textFromName).join('|')).toBe(steps);
  });

  test.each([
    'workspace://docs/a%2fb',
    'workspace://docs/..%2f..%2fetc',
    'workspace://docs/%00',
    'workspace://docs/%',
    'workspace://docs/%ff',
    'workspace://docs/a?b',
    'workspace://docs/a#b',
    'workspace://other/a',
    'workspace:///etc/passwd',
    'workspace:docs/a',
    'file:///etc/passwd',
    'WORKSPACE://docs/a',
    'workspace://user@docs/a',
  ])(verifies('C3.uris', '%s is refused'), (uri) => {
    expect(() => parseUri(uri, guard)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^path\.(?:refused|invalid)$/) }),
    );
  });

  test('a URI that is written can be read', () => {
    const names = ['a b', 'ü', '100%', '#?', 'x\\x{FF}', '\\u{202E}'].map(nameFromText);
    expect(parseUri(uriOf('docs', names), guard).steps).toEqual(names);
  });
});
