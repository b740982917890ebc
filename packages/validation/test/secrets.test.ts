import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { createKeyFollower, findSecrets, maskSecrets, redactSecrets } from '../src/index.ts';

/** Put together here, so that no scanner mistakes this file for a leak. */
const join = (...parts: readonly string[]): string => parts.join('');
const letters = (count: number): string => 'aB3'.repeat(count).slice(0, count);
const hex = (count: number): string => '0f'.repeat(count).slice(0, count);

const SECRETS: readonly (readonly [rule: string, secret: string])[] = [
  ['aws-access-key', join('AKIA', 'IOSFODNN7EXAMPL2')],
  ['github-token', join('ghp_', letters(36))],
  ['github-token', join('github_pat_', letters(82))],
  ['gitlab-token', join('glpat-', letters(20))],
  ['npm-token', join('npm_', letters(36))],
  ['mcp-key', join('mcpk_', 'a1b2c3d4e5f6', '_', letters(43), '_', letters(6))],
  ['slack-token', join('xoxb-', '123456789012-', letters(24))],
  ['slack-webhook', join('hooks.slack.com/services/', 'T00000000/B00000000/', letters(24))],
  ['stripe-key', join('sk_live_', letters(24))],
  ['google-api-key', join('AIza', letters(35))],
  ['sendgrid-key', join('SG.', letters(22), '.', letters(43))],
  ['digitalocean-token', join('dop_v1_', hex(64))],
  ['anthropic-key', join('sk-ant-', 'api03-', letters(80))],
  ['openai-key', join('sk-proj-', letters(24), 'T3BlbkFJ', letters(24))],
  ['vault-token', join('hvs.', letters(24))],
  ['json-web-token', join('eyJ', letters(20), '.eyJ', letters(30), '.', letters(43))],
  ['private-key', join('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----')],
  ['private-key', join('-----BEGIN OPENSSH ', 'PRIVATE KEY-----\nb3Bl')],
];

describe('redactSecrets', () => {
  test.each(SECRETS)(verifies('E6.redacted', 'a %s is taken out of a text'), (rule, secret) => {
    const { text, rules } = redactSecrets(`before "${secret}" after`);
    expect(rules).toEqual([rule]);
    expect(text).toContain(`[redacted: ${rule}]`);
    expect(text).not.toContain(secret);
    expect(text.startsWith('before "')).toBe(true);
  });

  test(verifies('E6.redacted', 'of a URL with a password, only the password goes'), () => {
    const { text } = redactSecrets('postgres://app:hunter2secret@db.internal:5432/app');
    expect(text).toBe('postgres://app:[redacted: url-password]@db.internal:5432/app');
  });

  test(verifies('E6.redacted', 'of a header, only the credential goes'), () => {
    const { text } = redactSecrets(`Authorization: Bearer ${letters(40)}`);
    expect(text).toBe('Authorization: Bearer [redacted: authorization-header]');
  });

  test.each([
    'an ordinary sentence about keys, tokens and passwords',
    'commit 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f',
    'uuid 123e4567-e89b-12d3-a456-426614174000',
    'postgres://user:${PASSWORD}@host/db',
    'https://example.com/path:80/@scope',
    'const AKIA = "too short"',
    'sha512-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789==',
  ])('%j is left alone', (text) => {
    expect(redactSecrets(text)).toEqual({ text, rules: [] });
  });

  test('several secrets are found in order, without overlaps', () => {
    const text = `${SECRETS[1]?.[1] ?? ''} and ${SECRETS[0]?.[1] ?? ''}`;
    expect(findSecrets(text).map(({ rule }) => rule)).toEqual(['github-token', 'aws-access-key']);
  });
});

describe('createKeyFollower', () => {
  /** Which lines belong to a key, when each line comes in pieces of some length. */
  const keyLines = (lines: readonly string[], length: number): readonly boolean[] => {
    const key = createKeyFollower();
    return lines.map((line) => {
      for (let at = 0; at < line.length; at += length) key.feed(line.slice(at, at + length));
      return key.endLine();
    });
  };
  const begin = join('-----BEGIN ED25519 ', 'PRIVATE KEY-----');
  const end = join('-----END ED25519 ', 'PRIVATE KEY-----');

  test.each([1, 5, 20, 1000])(
    verifies('E6.keys', 'knows each line of a key, in pieces of %i characters'),
    (length) => {
      const lines = [
        'a',
        begin,
        'MIIE',
        end,
        'b',
        `${'x'.repeat(100)}${begin}`,
        'MIIE',
        `${end}${begin}`,
      ];
      const expected = [false, true, true, true, false, true, true, true];
      expect(keyLines([...lines, 'MIIE', end, 'c'], length)).toEqual([
        ...expected,
        true,
        true,
        false,
      ]);
    },
  );

  test(verifies('E6.keys', 'knows a key whose letters have NULs between them'), () => {
    const wide = [begin, 'MIIE'].map((line) =>
      Array.from(line, (letter) => `${letter}\0`).join(''),
    );
    expect(keyLines(wide, 7)).toEqual([true, true]);
  });

  test('a certificate is no key', () => {
    expect(keyLines(['-----BEGIN CERTIFICATE-----', 'MIIE'], 9)).toEqual([false, false]);
  });
});

describe('secrets in places that hide their beginning', () => {
  const token = join('ghp_', letters(36));
  test.each([
    ['an escape of JSON', `"A=1\\n${token}"`],
    ['an escape of a URL', `%3D${token}`],
    ['a colour', `\u001B[32m${token}`],
    ['another word', `x${token} _${token}`],
    ['another secret', `${join('glpat-', letters(20))}-${token}`],
  ])(verifies('E6.redacted', 'behind %s'), (_, text) => {
    expect(redactSecrets(text).text).not.toContain(token.slice(8, 20));
    expect(maskSecrets(text).text).toHaveLength(text.length);
    expect(maskSecrets(text).text).not.toContain(token.slice(8, 20));
  });

  test(verifies('E6.redacted', 'of equal user and password, the password goes'), () => {
    expect(redactSecrets('https://admin:admin@host').text).toBe(
      'https://admin:[redacted: url-password]@host',
    );
  });

  test(verifies('C10.patterns', 'a text of beginnings costs little'), () => {
    const started = performance.now();
    for (const text of [
      'eyJ-'.repeat(65_000),
      'eyJaaaaaaaaaa.'.repeat(18_000),
      'a:'.repeat(130_000) + '://',
    ])
      findSecrets(text);
    // A second is a hundred times what it takes, and a tenth of what it took.
    expect(performance.now() - started).toBeLessThan(4000);
  });

  test('a text of nothing but secrets counts as one', () => {
    const text = `${join('AKIA', 'IOSFODNN7EXAMPL2')} `.repeat(10_000);
    expect(findSecrets(text)).toEqual([{ rule: 'aws-access-key', start: 0, end: text.length }]);
  });
});
