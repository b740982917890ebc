import crypto, { createHash, randomBytes } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { createApiKeyVerifier } from '../src/api-keys/verify.ts';
import { hashApiKey, type KeyFile, mintApiKey, parseKeyFile } from '../src/network.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');
const DAY_MS = 86_400_000;

const good = mintApiKey();

function entryFor(text: string, fields: Readonly<Record<string, unknown>> = {}) {
  return {
    id: text.slice(5, 17),
    sha256: createHash('sha256').update(text).digest('hex'),
    principal: 'ci',
    scopes: ['files:read'],
    expiresAt: '2026-07-01T00:00:00Z',
    ...fields,
  };
}

function fileOf(...keys: readonly unknown[]): KeyFile {
  const parsed = parseKeyFile({ version: 1, keys }, NOW);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.file;
}

async function verify(text: string, file: KeyFile | undefined, now = NOW) {
  return createApiKeyVerifier(
    () => file,
    () => now,
  ).verify(text);
}

describe('a key', () => {
  test('is found by secret scanners, has 256 random bits, and is never made twice', () => {
    const keys = Array.from({ length: 2000 }, () => mintApiKey().text);
    expect(new Set(keys).size).toBe(2000);
    for (const text of keys)
      expect(text).toMatch(/^mcpk_[a-z0-9]{12}_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}$/);
    const secrets = new Set(keys.map((text) => text.slice(18, 61)));
    expect(secrets.size).toBe(2000);
    expect(Buffer.from(keys[0]?.slice(18, 61) ?? '', 'base64url')).toHaveLength(32);
  });

  test(
    verifies('C4.keys', 'is let in as its principal, with its scopes, until it ends'),
    async () => {
      const file = fileOf(entryFor(good.text, { notBefore: '2026-06-01T00:00:00Z' }));
      expect(await verify(good.text, file)).toEqual({
        ok: true,
        verified: {
          principal: {
            id: 'key:ci',
            kind: 'api-key',
            scopes: new Set(['files:read']),
          },
          method: 'api-key',
          credentialId: good.id,
          issuedAt: Date.parse('2026-06-01T00:00:00Z'),
          expiresAt: Date.parse('2026-07-01T00:00:00Z'),
        },
        confirmation: {},
      });
    },
  );

  test(
    verifies('C13.rotation', 'works beside the one that follows it, for the same principal'),
    async () => {
      const next = mintApiKey();
      const file = fileOf(entryFor(good.text), entryFor(next.text));
      for (const { text } of [good, next])
        expect(await verify(text, file)).toMatchObject({
          ok: true,
          verified: { principal: { id: 'key:ci' } },
        });
    },
  );

  test('counts from its first millisecond, and not in the one when it ends', async () => {
    const file = fileOf(entryFor(good.text, { notBefore: '2026-06-01T00:00:00Z' }));
    const [from, to] = [Date.parse('2026-06-01T00:00:00Z'), Date.parse('2026-07-01T00:00:00Z')];
    const outcomes = [from - 1, from, to - 1, to].map(async (now) => verify(good.text, file, now));
    expect((await Promise.all(outcomes)).map(({ ok }) => ok)).toEqual([false, true, true, false]);
  });
});

describe('is not let in:', () => {
  const other = mintApiKey();
  const swapped = (at: number): string => {
    const letter = good.text[at] === 'A' ? 'B' : 'A';
    return good.text.slice(0, at) + letter + good.text.slice(at + 1);
  };
  const detailOf = async (text: string, file: KeyFile | undefined): Promise<unknown> => {
    const outcome = await verify(text, file);
    return outcome.ok ? 'let in' : outcome.problem;
  };

  test.each([
    ['an empty string', ''],
    ['the prefix', 'mcpk_'],
    ['a key without its checksum', good.text.slice(0, -7)],
    ['a key that is cut off', good.text.slice(0, -1)],
    ['a key and a letter', `${good.text}a`],
    ['a key and a line end', `${good.text}\n`],
    ['a wrong checksum', swapped(good.text.length - 1)],
    ['a typing error', swapped(30)],
    ['another prefix', good.text.replace('mcpk', 'mcpx')],
    ['an id in capitals', good.text.replace(good.id, good.id.toUpperCase())],
    ['an id that all objects have', `mcpk_constructor_${'A'.repeat(43)}_000000`],
  ])(verifies('C4.keys', '%s'), async (_what, text) => {
    expect(await detailOf(text, fileOf(entryFor(good.text)))).toEqual({
      kind: 'invalid',
      detail: 'malformed API key',
    });
  });

  test(verifies('C4.keys', 'the id of one key with the secret of another'), async () => {
    const text = withChecksum(`mcpk_${good.id}_${other.text.slice(18, 61)}`);
    const file = fileOf(entryFor(good.text), entryFor(other.text));
    expect(await detailOf(text, file)).toMatchObject({ detail: 'unknown API key' });
  });

  test(verifies('C4.keys', 'the hash of a key, whoever read it in the file'), async () => {
    const hash = hashApiKey(good.text);
    const text = withChecksum(`mcpk_${good.id}_${hash.toString('base64url')}`);
    expect(await detailOf(text, fileOf(entryFor(good.text)))).toMatchObject({
      detail: 'unknown API key',
    });
  });

  test('another text of the same 32 bytes', async () => {
    // The last of 43 characters holds two bits that no byte needs.
    const body = good.text.slice(0, 60);
    const twins = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']
      .map((letter) => body + letter)
      .filter((text) => text !== good.text.slice(0, 61));
    for (const twin of twins)
      expect((await verify(withChecksum(twin), fileOf(entryFor(good.text)))).ok).toBe(false);
  });

  test.each([
    ['a key that nobody has', mintApiKey().text, [], 'unknown API key'],
    ['a key whose entry is gone', good.text, [entryFor(other.text)], 'unknown API key'],
    [
      'an expired key',
      good.text,
      [entryFor(good.text, { expiresAt: '2026-06-15T11:59:59Z' })],
      'API key expired',
    ],
    [
      'a key of tomorrow',
      good.text,
      [entryFor(good.text, { notBefore: '2026-06-16T00:00:00Z' })],
      'API key not yet valid',
    ],
    [
      'a revoked key',
      good.text,
      [entryFor(good.text, { revokedAt: '2026-06-01T00:00:00Z' })],
      'API key revoked',
    ],
    [
      'a key whose revocation is dated in the future',
      good.text,
      [entryFor(good.text, { revokedAt: '2027-01-01T00:00:00Z' })],
      'API key revoked',
    ],
  ])('%s', async (_what, text, keys, detail) => {
    // Of a key whose hash fits, it is known that nobody has guessed it.
    const isGenuine = !detail.startsWith('unknown');
    expect(await detailOf(text, fileOf(...keys))).toEqual({
      kind: 'invalid',
      detail,
      ...(isGenuine && { genuine: true }),
    });
  });

  test('any key, where there is no file of keys', async () => {
    expect(await detailOf(good.text, undefined)).toMatchObject({ detail: 'unknown API key' });
  });

  test('a good key with a wrong secret is told apart from an unknown id by nobody', async () => {
    const wrongSecret = withChecksum(`mcpk_${good.id}_${randomBytes(32).toString('base64url')}`);
    const revoked = fileOf(entryFor(good.text, { revokedAt: '2026-06-01T00:00:00Z' }));
    expect(await detailOf(wrongSecret, revoked)).toEqual(await detailOf(other.text, revoked));
  });

  test('what begins like a key is taken for one, so that nobody else is asked about it', () => {
    const { recognises } = createApiKeyVerifier(
      () => undefined,
      () => NOW,
    );
    expect(['mcpk_', good.text, `${good.text}.x.y`].map(recognises)).toEqual([true, true, true]);
    expect(['mcpk', 'MCPK_x', 'eyJ.a.b', 'opaque'].map(recognises)).toEqual(Array(4).fill(false));
  });

  test(
    verifies('C4.keys', 'an unknown id takes the work of a known one: one hash, one comparison'),
    async () => {
      const wrongSecret = withChecksum(`mcpk_${good.id}_${randomBytes(32).toString('base64url')}`);
      const file = fileOf(entryFor(good.text));
      const work: (readonly string[])[] = [];
      for (const text of [wrongSecret, mintApiKey().text])
        work.push(await cryptoCallsOf(async () => verify(text, file)));
      expect(work[1]).toEqual(work[0]);
      expect(work[1]).toEqual(['hash', 'timingSafeEqual']);
    },
  );
});

/** Which functions of Node's cryptography some work calls. A clock would be too coarse to tell. */
async function cryptoCallsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const calls: string[] = [];
  const { hash, timingSafeEqual: compare } = crypto;
  crypto.hash = new Proxy(hash, {
    apply: (target, self, args) => (calls.push('hash'), Reflect.apply(target, self, args)),
  });
  crypto.timingSafeEqual = (...args) => (calls.push('timingSafeEqual'), compare(...args));
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    Object.assign(crypto, { hash, timingSafeEqual: compare });
    syncBuiltinESMExports();
  }
  return calls;
}

/** Completes a key as a forger would. */
function withChecksum(body: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let checksum = '';
  for (let at = 0, rest = crc32Of(body); at < 6; at += 1, rest = Math.floor(rest / 62))
    checksum = digits.charAt(rest % 62) + checksum;
  return `${body}_${checksum}`;
}

/** By the definition (ISO 3309), and not by the library that the code under test uses. */
function crc32Of(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

describe('the file', () => {
  const problemOf = (value: unknown): string => {
    const parsed = parseKeyFile(value, NOW);
    return parsed.ok ? 'taken' : parsed.problem;
  };
  const withEntry = (fields: Readonly<Record<string, unknown>>): unknown => ({
    version: 1,
    keys: [entryFor(good.text, fields)],
  });

  test('may be empty', () => {
    expect(problemOf({ version: 1 })).toBe('taken');
  });

  test.each<readonly [what: string, file: unknown, problem: string]>([
    ['no object', [], 'expected object'],
    ['no version', { keys: [] }, 'version: must be 1'],
    ['a version to come', { version: 2, keys: [] }, 'version: must be 1'],
    ['an unknown field', { version: 1, kyes: [] }, 'unknown field kyes'],
    ['an unknown field of a key', withEntry({ expires: 'never' }), 'keys.0: unknown field expires'],
    ['no end', withEntry({ expiresAt: undefined }), 'keys.0.expiresAt: is missing'],
    [
      'an end that is no time',
      withEntry({ expiresAt: 'never' }),
      'keys.0.expiresAt: must be a time',
    ],
    [
      'a local time',
      withEntry({ expiresAt: '2026-07-01T00:00:00' }),
      'keys.0.expiresAt: must be a time',
    ],
    [
      'a date that is none',
      withEntry({ expiresAt: '2026-02-30T00:00:00Z' }),
      'keys.0.expiresAt: must be',
    ],
    [
      'a key for ever',
      withEntry({ expiresAt: '2999-01-01T00:00:00Z' }),
      'keys.0.expiresAt: at most 366 days',
    ],
    [
      'an end before the beginning',
      withEntry({ notBefore: '2026-07-02T00:00:00Z' }),
      'keys.0.expiresAt: must be later',
    ],
    [
      'a scope without a verb',
      withEntry({ scopes: ['files'] }),
      'keys.0.scopes.0: must be written noun:verb',
    ],
    ['all scopes', withEntry({ scopes: ['*'] }), 'keys.0.scopes.0: must be written noun:verb'],
    [
      'a name with a line end',
      withEntry({ principal: 'ci\nroot' }),
      'keys.0.principal: must be a name',
    ],
    ['a short hash', withEntry({ sha256: 'abc' }), 'keys.0.sha256: must be a SHA-256'],
    [
      'a hash in capitals',
      withEntry({ sha256: 'A'.repeat(64) }),
      'keys.0.sha256: must be a SHA-256',
    ],
    ['an id of another form', withEntry({ id: '__proto__' }), 'keys.0.id: must be 12'],
    [
      'an id twice',
      { version: 1, keys: [entryFor(good.text), entryFor(good.text)] },
      'keys.1.id: stands there twice',
    ],
    [
      'a key for two',
      { version: 1, keys: [entryFor(good.text), entryFor(good.text, { id: 'aaaaaaaaaaaa' })] },
      'keys.1.sha256: stands there twice',
    ],
  ])('with %s is refused as a whole, and the place is named', (_what, file, problem) => {
    expect(problemOf(file)).toSatisfy((found: string) => found.startsWith(problem));
  });

  test.each<readonly [what: string, file: unknown]>([
    ['in the place of the hash', withEntry({ sha256: good.text })],
    ['in a field of its own', withEntry({ key: good.text })],
    ['as the name of a field', withEntry({ [good.text]: true })],
    ['in the name of a principal', withEntry({ principal: `x ${good.text} y` })],
    ['without its checksum', withEntry({ secret: good.text.slice(0, -7) })],
    ['deep in what nobody knows', { version: 1, notes: [{ a: [good.text] }] }],
  ])(
    verifies('C4.keys', 'that holds a key itself %s is refused, and does not show it'),
    (_what, file) => {
      const problem = problemOf(file);
      expect(problem).toBe('the file holds an API key itself; it may only hold its SHA-256');
    },
  );

  test(verifies('C4.not-passed-on', 'tells nothing of what it holds'), () => {
    const secret = 'hunter2-correct-horse-battery-staple';
    for (const file of [
      { version: 1, [secret]: 1 },
      withEntry({ [secret]: 1 }),
      withEntry({ sha256: secret }),
      withEntry({ principal: `${secret}!` }),
      withEntry({ scopes: [secret] }),
    ])
      expect(problemOf(file)).not.toContain('hunter2');
  });

  test('stays good while time goes on', () => {
    const file = { version: 1, keys: [entryFor(good.text, { expiresAt: '2027-06-16T00:00:00Z' })] };
    for (const days of [0, 100, 5000])
      expect(parseKeyFile(file, NOW + days * DAY_MS)).toMatchObject({ ok: true });
  });
});
