import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { createPrivateKeyTracker, findSecrets, redactSecrets } from '../src/index.ts';

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

describe('createPrivateKeyTracker', () => {
  test(verifies('E6.keys', 'knows each line of a key'), () => {
    const isKey = createPrivateKeyTracker();
    const lines = [
      'a',
      join('-----BEGIN ', 'PRIVATE KEY-----'),
      'MIIE',
      join('-----END ', 'PRIVATE KEY-----'),
      'b',
    ];
    expect(lines.map(isKey)).toEqual([false, true, true, true, false]);
  });

  test('a certificate is no key', () => {
    const isKey = createPrivateKeyTracker();
    expect(['-----BEGIN CERTIFICATE-----', 'MIIE'].map(isKey)).toEqual([false, false]);
  });
});
