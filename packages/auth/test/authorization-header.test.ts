import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { AUTHORIZATION_CHARACTERS_MAX, parseAuthorization } from '../src/network.ts';

describe('a scheme and a token', () => {
  test.each([
    ['Bearer abc', 'Bearer', 'abc'],
    ['bearer abc', 'Bearer', 'abc'],
    ['BEARER abc', 'Bearer', 'abc'],
    ['DPoP abc', 'DPoP', 'abc'],
    ['dpop abc', 'DPoP', 'abc'],
    ['Bearer AbC-._~+/09==', 'Bearer', 'AbC-._~+/09=='],
  ])('%j is read', (value, scheme, token) => {
    expect(parseAuthorization(value)).toEqual({ scheme, token });
  });

  test('the longest header is read, and one character more is not', () => {
    const longest = `Bearer ${'a'.repeat(AUTHORIZATION_CHARACTERS_MAX - 'Bearer '.length)}`;
    expect(parseAuthorization(longest)?.token).toHaveLength(8185);
    expect(parseAuthorization(`${longest}a`)).toBeUndefined();
  });
});

test.each([
  ['nothing', ''],
  ['a scheme only', 'Bearer'],
  ['a scheme and a space', 'Bearer '],
  ['a token only', 'abc'],
  ['another scheme', 'Basic YTpi'],
  ['a scheme that ours begins', 'Bearer2 abc'],
  ['a second credential behind a comma', 'Bearer good, Bearer evil'],
  ['a second credential behind a comma only', 'Bearer good,Bearer evil'],
  ['a second word', 'Bearer good evil'],
  ['two spaces', 'Bearer  good'],
  ['a tab in between', 'Bearer\tgood'],
  ['a tab behind', 'Bearer good\t'],
  ['a space behind', 'Bearer good '],
  ['a space before', ' Bearer good'],
  ['a line end', 'Bearer good\n'],
  ['a folded line', 'Bearer good\r\n evil'],
  ['NUL', 'Bearer good\0'],
  ['a no-break space', 'Bearer\u{a0}good'],
  ['letters of other alphabets', 'Bearer goоd'],
  ['a long s that lower-cases to s in some languages', 'Bearer\u{17f} good'],
  ['a Kelvin sign', 'Bearer \u{212a}'],
  ['padding only', 'Bearer ='],
  ['padding in between', 'Bearer a=b'],
  ['quotes', 'Bearer "good"'],
  ['parameters', 'Bearer realm="x"'],
  ['a percent sign', 'Bearer %67ood'],
])(verifies('C4.required', '%s is refused'), (_what, value) => {
  expect(parseAuthorization(value)).toBeUndefined();
});

test('a header that was made to take long does not', () => {
  const started = performance.now();
  for (let round = 0; round < 1000; round += 1)
    expect(parseAuthorization(`Bearer ${'='.repeat(4000)}${'a='.repeat(2000)}!`)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(5000);
});
