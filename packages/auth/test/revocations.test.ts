import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { type Verified } from '../src/index.ts';
import {
  createRevocations,
  parseRevocations,
  type Revocation,
  revocationFromText,
  revocationToText,
} from '../src/network.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');
const ISSUER = 'https://issuer.example';
const THUMBPRINT = 'ab'.repeat(32);

const token: Verified = {
  principal: {
    id: 'https://issuer.example|alice',
    kind: 'user',
    scopes: new Set(['files:read']),
    issuer: ISSUER,
    subject: 'alice',
    client: 'editor',
  },
  method: 'jwt',
  credentialId: 'token-1',
  issuedAt: Date.parse('2026-06-15T11:00:00Z'),
  expiresAt: Date.parse('2026-06-15T13:00:00Z'),
};

const key: Verified = {
  principal: { id: 'key:ci', kind: 'api-key', scopes: new Set() },
  method: 'api-key',
  credentialId: 'abcdefghijkl',
  issuedAt: Date.parse('2026-06-01T00:00:00Z'),
  expiresAt: Date.parse('2026-07-01T00:00:00Z'),
};

const certificate: Verified = {
  principal: { id: 'certificate:backup', kind: 'service', scopes: new Set() },
  method: 'certificate',
  credentialId: THUMBPRINT,
  certificate: THUMBPRINT,
  expiresAt: Date.parse('2026-07-01T00:00:00Z'),
  boundTo: 'certificate',
};

/** A client that acts for itself: its issuer calls it the subject of its tokens. */
const service: Verified = {
  ...token,
  principal: {
    id: 'service:https://issuer.example|nightly',
    kind: 'service',
    scopes: new Set(),
    issuer: ISSUER,
    client: 'nightly',
  },
  credentialId: 'token-9',
};

const boundToken: Verified = { ...token, certificate: THUMBPRINT, boundTo: 'certificate' };

const CALLERS = { token, key, certificate, boundToken, service };

/** Whom some entries shut out, by name. */
function revokedBy(entries: readonly Revocation[], now = NOW): readonly string[] {
  const { isRevoked } = createRevocations(entries, () => now);
  return Object.entries(CALLERS)
    .filter(([, verified]) => isRevoked(verified))
    .map(([name]) => name);
}

describe('an entry shuts out exactly whom it names:', () => {
  test.each<readonly [what: string, entry: Revocation, whom: readonly string[]]>([
    ['a token', { issuer: ISSUER, tokenId: 'token-1' }, ['token', 'boundToken']],
    ['a token of another issuer', { issuer: 'https://other', tokenId: 'token-1' }, []],
    ['another token', { issuer: ISSUER, tokenId: 'token-2' }, []],
    ['a token that is called like a key', { issuer: '', tokenId: 'abcdefghijkl' }, []],
    ['a key', { key: 'abcdefghijkl' }, ['key']],
    ['another key', { key: 'abcdefghijkm' }, []],
    ['a certificate', { certificate: THUMBPRINT }, ['certificate', 'boundToken']],
    ['another certificate', { certificate: 'cd'.repeat(32) }, []],
    ['a service by its client', { client: 'nightly', issuer: ISSUER }, ['service']],
    ['a service by its subject', { subject: 'nightly', issuer: ISSUER }, ['service']],
    ['a subject', { subject: 'alice' }, ['token', 'boundToken']],
    ['a subject of an issuer', { subject: 'alice', issuer: ISSUER }, ['token', 'boundToken']],
    ['a subject of another issuer', { subject: 'alice', issuer: 'https://other' }, []],
    ['a subject that a key is called like', { subject: 'ci' }, []],
    ['a client', { client: 'editor' }, ['token', 'boundToken']],
    ['a client of an issuer', { client: 'editor', issuer: ISSUER }, ['token', 'boundToken']],
    ['a client of another issuer', { client: 'editor', issuer: 'https://other' }, []],
    ['a client that is called like a subject', { client: 'alice' }, []],
    ['a principal', { principal: 'key:ci' }, ['key']],
    ['a part of a principal', { principal: 'ci' }, []],
    [
      'all that was issued before',
      { issuedBefore: '2026-06-15T11:00:00.001Z' },
      ['token', 'key', 'certificate', 'boundToken', 'service'],
    ],
    [
      'all that was issued before, and what does not say when',
      { issuedBefore: '2026-06-15T11:00:00Z' },
      ['key', 'certificate'],
    ],
    [
      'what a principal had issued before',
      { issuedBefore: '2026-06-15T12:00:00Z', principal: 'key:ci' },
      ['key'],
    ],
    [
      'what another principal had issued before',
      { issuedBefore: '2026-06-15T12:00:00Z', principal: 'key:cd' },
      [],
    ],
  ])(verifies('C13.revoked', '%s'), (_what, entry, whom) => {
    expect(revokedBy([entry])).toEqual(whom);
  });

  test('nobody, without an entry', () => {
    expect(revokedBy([])).toEqual([]);
  });

  test('names that are made to read like others name nobody else', () => {
    expect(revokedBy([{ subject: '","alice' }, { subject: 'alice"],["x' }])).toEqual([]);
    const oddly: Verified = {
      ...token,
      principal: { ...token.principal, issuer: 'a', subject: 'b","c' },
    };
    const { isRevoked } = createRevocations([{ subject: 'c', issuer: 'a","b' }], () => NOW);
    expect(isRevoked(oddly)).toBe(false);
  });
});

describe('an entry ends', () => {
  test(verifies('C13.revoked', 'when it says, and not before'), () => {
    const entry = { key: 'abcdefghijkl', until: '2026-06-15T12:00:00Z' };
    expect(revokedBy([entry], NOW - 1)).toEqual(['key']);
    expect(revokedBy([entry], NOW)).toEqual([]);
  });

  test('later, where a second one says so', () => {
    const entries = [
      { key: 'abcdefghijkl' },
      { key: 'abcdefghijkl', until: '2026-06-01T00:00:00Z' },
    ];
    expect(revokedBy(entries)).toEqual(['key']);
    expect(revokedBy(entries.toReversed())).toEqual(['key']);
  });

  test('by itself, without a new list', () => {
    let now = NOW;
    const epoch = { issuedBefore: '2026-06-15T12:00:00Z', until: '2026-06-15T12:30:00Z' };
    const { isRevoked } = createRevocations([epoch], () => now);
    expect(isRevoked(token)).toBe(true);
    now = Date.parse('2026-06-15T12:30:00Z');
    expect(isRevoked(token)).toBe(false);
  });

  test('of several epochs each for itself', () => {
    const epochs = [
      { issuedBefore: '2026-06-15T12:00:00Z', until: '2026-06-15T11:59:00Z' },
      { issuedBefore: '2026-06-02T00:00:00Z' },
    ];
    expect(revokedBy(epochs)).toEqual(['key', 'certificate']);
  });
});

describe('the file', () => {
  const problemOf = (value: unknown): string => {
    const parsed = parseRevocations(value);
    return parsed.ok ? 'taken' : parsed.problem;
  };
  const withEntry = (entry: unknown): unknown => ({ version: 1, revoked: [entry] });
  const NO_TIME = 'must be a time in UTC, such as 2026-01-31T00:00:00Z';
  const NO_FORM = 'revoked.0: is none of the forms of a revocation';

  test.each<readonly [what: string, file: unknown, problem: string]>([
    ['no list', { version: 1 }, 'revoked: is missing'],
    ['an unknown field', { version: 1, revoked: [], more: 1 }, 'unknown field more'],
    ['another version', { version: 2, revoked: [] }, 'version: must be 1'],
    ['an entry that names nobody', withEntry({}), NO_FORM],
    ['an entry that ends only', withEntry({ until: '2026-07-01T00:00:00Z' }), NO_FORM],
    ['an issuer only', withEntry({ issuer: ISSUER }), NO_FORM],
    ['a token without its issuer', withEntry({ tokenId: 'x' }), NO_FORM],
    ['two forms at once', withEntry({ key: 'abcdefghijkl', subject: 'x' }), NO_FORM],
    [
      'a whole key',
      withEntry({ key: `mcpk_abcdefghijkl_${'A'.repeat(43)}_000000` }),
      'revoked.0.key: must be the id of a key',
    ],
    ['an empty subject', withEntry({ subject: '' }), 'revoked.0.subject: at least 1'],
    [
      'a time that is none',
      withEntry({ issuedBefore: 'yesterday' }),
      `revoked.0.issuedBefore: ${NO_TIME}`,
    ],
    [
      'a local time',
      withEntry({ issuedBefore: '2026-07-01T00:00:00' }),
      `revoked.0.issuedBefore: ${NO_TIME}`,
    ],
    [
      'an end that is none',
      withEntry({ subject: 'x', until: 'never' }),
      `revoked.0.until: ${NO_TIME}`,
    ],
    [
      'a mistyped field',
      withEntry({ subject: 'x', isuer: ISSUER }),
      'revoked.0: unknown field isuer',
    ],
  ])('with %s is refused as a whole', (_what, file, problem) => {
    expect(problemOf(file)).toBe(problem);
  });

  test('of all forms is taken', () => {
    const revoked = [
      { issuer: ISSUER, tokenId: 'x', until: '2026-07-01T00:00:00Z' },
      { key: 'abcdefghijkl' },
      { certificate: THUMBPRINT },
      { subject: 'x', issuer: ISSUER },
      { client: 'x' },
      { principal: 'x' },
      { issuedBefore: '2026-07-01T00:00:00Z', principal: 'x' },
    ];
    expect(parseRevocations({ version: 1, revoked })).toEqual({ ok: true, revoked });
  });
});

describe('the text of an entry', () => {
  test(verifies('C13.revoked', 'means the same on another replica'), () => {
    const entry: Revocation = {
      issuer: ISSUER,
      tokenId: 'to"k\nen',
      until: '2026-07-01T00:00:00Z',
    };
    expect(revocationFromText(revocationToText(entry))).toEqual(entry);
  });

  test.each(['', 'null', '{', '{}', '{"key":"short"}', `{"subject":"${'x'.repeat(5000)}"}`])(
    'that is none, %j, names nobody',
    (text) => {
      expect(revocationFromText(text)).toBeUndefined();
    },
  );
});

test(
  verifies('C13.revoked', 'a list is refused that replicas could not tell each other whole'),
  () => {
    const listOf = (length: number) => ({
      version: 1,
      revoked: Array.from({ length }, (_, at) => ({ principal: `key:${String(at)}` })),
    });
    expect(parseRevocations(listOf(10_000)).ok).toBe(true);
    expect(parseRevocations(listOf(10_001))).toEqual({
      ok: false,
      problem: 'revoked: must hold at most 10000 entries; one with issuedBefore can stand for many',
    });
    const name = '\u0001'.repeat(512);
    expect(parseRevocations({ version: 1, revoked: [{ issuer: name, subject: name }] })).toEqual({
      ok: false,
      problem: 'revoked.0: must be at most 4096 characters long',
    });
  },
);

test('ten thousand entries are read at once and asked in no time', () => {
  const revoked = Array.from({ length: 10_000 }, (_, at) =>
    at % 2 === 0
      ? { issuer: ISSUER, tokenId: `token-${String(at + 10)}` }
      : { issuedBefore: '2026-06-15T12:00:00Z', principal: `key:${String(at)}` },
  );
  const parsed = parseRevocations({ version: 1, revoked });
  const { isRevoked } = createRevocations(parsed.ok ? parsed.revoked : [], () => NOW);
  const last = { ...token, credentialId: 'token-10008' };
  const started = performance.now();
  for (let round = 0; round < 10_000; round += 1) {
    expect(isRevoked(token)).toBe(false);
    expect(isRevoked(last)).toBe(true);
  }
  // A search of the list would take minutes.
  expect(performance.now() - started).toBeLessThan(10_000);
});
