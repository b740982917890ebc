import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { beginningOf, endOf, outsideSecrets, redactSecrets } from '../src/index.ts';

/** Made up here, so that no scanner takes this file for a leak. */
const letters = (count: number): string =>
  Array.from({ length: count }, (_, at) => 'aZ3kQ9mXb7'.charAt((at * 7) % 10)).join('');
const KEY = letters(400);
const TOKEN = `ghp_${letters(36)}`;
const SECRETS: readonly (readonly [name: string, text: string, secret: string])[] = [
  ['a token', `x ${TOKEN} y`, TOKEN],
  ['a header', `Authorization: Bearer ${TOKEN}.${TOKEN} y`, `${TOKEN}.${TOKEN}`],
  ['a URL', `see https://user:${letters(20)}@example.org/ y`, letters(20)],
  ['a named key', `aws_secret_access_key = ${letters(40)} y`, letters(40)],
  ['a long header', `a Authorization: Basic ${letters(9000)} b`, letters(9000)],
  ['a private key', `a -----BEGIN PRIVATE KEY-----\n${KEY}\n-----END PRIVATE KEY-----\nb`, KEY],
];

/** Eight characters of a secret that the policy does not know as one. */
function piecesOf(secret: string): readonly string[] {
  const count = Math.max(1, Math.min(60, secret.length - 8));
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * (secret.length - 8)) / count);
    return secret.slice(from, from + 8);
  });
}

describe(verifies('E6.redacted', 'wherever a text is cut, nothing of a secret is left'), () => {
  const places = (text: string): number[] =>
    Array.from({ length: text.length + 1 }, (_, at) => at).filter(
      (at) => text.length < 600 || at < 60 || at > text.length - 60 || at % 500 === 0,
    );

  test.each(SECRETS)('%s, at its end', (_name, text, secret) => {
    for (const at of places(text)) {
      const { text: shown } = redactSecrets(beginningOf(text, at));
      expect(piecesOf(secret).filter((piece) => shown.includes(piece))).toEqual([]);
    }
  });

  test.each(SECRETS)('%s, at its beginning', (_name, text, secret) => {
    for (const at of places(text)) {
      const { text: shown } = redactSecrets(endOf(text, at));
      expect(piecesOf(secret).filter((piece) => shown.includes(piece))).toEqual([]);
    }
  });

  test.each(SECRETS)('%s, at both', (_name, text, secret) => {
    for (const from of places(text)) {
      const part = outsideSecrets(text, { from, to: Math.min(text.length, from + 30) });
      const { text: shown } = redactSecrets(text.slice(part.from, part.to));
      expect(piecesOf(secret).filter((piece) => shown.includes(piece))).toEqual([]);
    }
  });

  test('and a row of nothing but secrets is not shown at all', () => {
    const text = 'AKIAABCDEFGHIJKLMNOP '.repeat(6000);
    expect(outsideSecrets(text, { from: 100, to: 1000 })).toEqual({ from: 100, to: 100 });
  });
});

describe('what holds no secret', () => {
  test('is cut where it was asked', () => {
    expect(beginningOf('abcdef', 3)).toBe('abc');
    expect(beginningOf('abc', 3)).toBe('abc');
    expect(endOf('abcdef', 3)).toBe('def');
    expect(endOf('abc', 3)).toBe('abc');
    expect(outsideSecrets('abcdef', { from: 2, to: 4 })).toEqual({ from: 2, to: 4 });
  });

  test('is never cut within a character', () => {
    expect(beginningOf('ab😀', 3)).toBe('ab');
    expect(beginningOf('ab😀', 4)).toBe('ab😀');
    expect(endOf('ab😀c', 2)).toBe('c');
  });

  test('keeps what stands before a secret that is cut, and a secret that is not', () => {
    expect(beginningOf(`before ${TOKEN} after`, 20)).toBe('before ');
    expect(beginningOf(`before ${TOKEN} after`, 50)).toBe(`before ${TOKEN} af`);
  });
});
