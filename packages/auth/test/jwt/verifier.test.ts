import { generateKeyPairSync } from 'node:crypto';

import { compactVerify, createLocalJWKSet, jwtVerify } from 'jose';
import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import type { TokenOutcome, TokenVerifier } from '../../src/index.ts';
import { createJwtVerifier, type IssuerOptions } from '../../src/network.ts';
import {
  base64url,
  claims,
  header,
  ISSUER,
  macToken,
  NOW,
  RESOURCE,
  SECONDS,
  type Signer,
  signer,
  signText,
  token,
} from './tokens.ts';

const key = signer();
const rsa = signer('RS256');

function verifierOf(
  keys: readonly (Signer | object)[],
  options: Partial<IssuerOptions> = {},
): TokenVerifier {
  const document = { keys: keys.map((item) => ('jwk' in item ? item.jwk : item)) };
  return createJwtVerifier({
    resource: RESOURCE,
    issuers: [{ issuer: ISSUER, jwks: () => document, ...options }],
    now: () => NOW,
  });
}

const verifier = verifierOf([key]);

/** What an outcome comes down to, in one line. */
function verdict(outcome: TokenOutcome): string {
  if (outcome.ok) return 'ok';
  return 'detail' in outcome.problem
    ? `${outcome.problem.kind}: ${outcome.problem.detail}`
    : outcome.problem.kind;
}

async function verdictOf(text: string, of: TokenVerifier = verifier): Promise<string> {
  return verdict(await of.verify(text));
}

/** What a resource server does that verifies with the library alone, and names what it expects. */
async function plainly(text: string, keys: readonly Signer[] = [key]): Promise<boolean> {
  const select = createLocalJWKSet({
    keys: keys.map(({ jwk }) => ({ ...jwk, kty: String(jwk['kty']) })),
  });
  return jwtVerify(text, select, {
    issuer: ISSUER,
    audience: RESOURCE,
    currentDate: new Date(NOW),
  }).then(
    () => true,
    () => false,
  );
}

describe('what is accepted', () => {
  test(
    verifies('C4.jwt', 'a good token says who calls, through which client, and what it may do'),
    async () => {
      expect(await verifier.verify(token(key))).toEqual({
        ok: true,
        confirmation: {},
        verified: {
          method: 'jwt',
          expiresAt: NOW + 290_000,
          issuedAt: NOW - 10_000,
          credentialId: 'token-1',
          principal: {
            id: `${ISSUER}|alice`,
            kind: 'user',
            issuer: ISSUER,
            subject: 'alice',
            client: 'desktop',
            scopes: new Set(['files:read', 'files:write']),
          },
        },
      });
    },
  );

  test(
    verifies(
      'C4.jwt',
      'a good token of a client that acts for itself never names the user with the same name',
    ),
    async () => {
      const user = await verifier.verify(token(key, { sub: 'alice', client_id: 'desktop' }));
      const client = await verifier.verify(token(key, { sub: 'alice', client_id: 'alice' }));
      expect(client).toMatchObject({
        verified: { principal: { kind: 'service', client: 'alice' } },
      });
      expect(client.ok && client.verified.principal.subject).toBeUndefined();
      expect(
        user.ok && client.ok && user.verified.principal.id !== client.verified.principal.id,
      ).toBe(true);
    },
  );

  test.each(['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])(
    verifies('C4.jwt', 'a good token may be signed with %s'),
    async (alg) => {
      const other = signer(alg);
      expect(await verdictOf(token(other), verifierOf([other]))).toBe('ok');
    },
  );

  test.each(['ES384', 'ES512', 'PS384', 'PS512', 'RS384', 'RS512'] as const)(
    verifies('C4.jwt', 'a token may be signed with %s only where the operator says so'),
    async (alg) => {
      const other = signer(alg);
      expect(await verdictOf(token(other), verifierOf([other]))).toMatch(/^invalid: the algorithm/);
      expect(await verdictOf(token(other), verifierOf([other], { algorithms: [alg] }))).toBe('ok');
    },
  );

  test.each<readonly [what: string, changes: Record<string, unknown>, scopes: readonly string[]]>([
    ['a text in scope', { scope: 'a:b c:d' }, ['a:b', 'c:d']],
    ['an array in scope', { scope: ['a:b', 'c:d'] }, ['a:b', 'c:d']],
    ['an array in scp', { scope: undefined, scp: ['a:b', 'c:d'] }, ['a:b', 'c:d']],
    ['a text in scp', { scope: undefined, scp: 'a:b c:d' }, ['a:b', 'c:d']],
    ['an array in scopes', { scope: undefined, scopes: ['a:b'] }, ['a:b']],
    ['scope, and more in scp', { scope: 'a:b', scp: ['a:b', 'c:d'] }, ['a:b']],
    ['nothing', { scope: undefined }, []],
    ['an empty text', { scope: '' }, []],
  ])(verifies('C4.jwt', 'a good token with %s has these scopes'), async (_, changes, scopes) => {
    const outcome = await verifier.verify(token(key, changes));
    expect(outcome.ok && [...outcome.verified.principal.scopes]).toEqual(scopes);
  });

  test.each<readonly [what: string, cnf: object, confirmation: object, boundTo: string]>([
    [
      'a key',
      { jkt: base64url(Buffer.alloc(32, 1)) },
      { dpopKey: base64url(Buffer.alloc(32, 1)) },
      'dpop',
    ],
    [
      'a certificate',
      { 'x5t#S256': base64url(Buffer.alloc(32, 2)) },
      { certificate: base64url(Buffer.alloc(32, 2)) },
      'certificate',
    ],
    [
      'both',
      { jkt: base64url(Buffer.alloc(32, 1)), 'x5t#S256': base64url(Buffer.alloc(32, 2)) },
      { dpopKey: base64url(Buffer.alloc(32, 1)), certificate: base64url(Buffer.alloc(32, 2)) },
      'dpop',
    ],
  ])(
    verifies('C4.jwt', 'a good token that is bound to %s says what has to be proven'),
    async (_, cnf, confirmation, boundTo) => {
      const outcome = await verifier.verify(token(key, { cnf }));
      expect(outcome).toMatchObject({ ok: true, confirmation, verified: { boundTo } });
    },
  );

  test(
    verifies(
      'C4.jwt',
      'a good token of an issuer from before RFC 9068 is accepted where the operator says so',
    ),
    async () => {
      const old = token(
        key,
        { client_id: undefined, azp: 'desktop', jti: undefined, uti: 'u-1' },
        { typ: 'JWT' },
      );
      expect(await verdictOf(old)).toBe('invalid: the type is not at+jwt');
      const lenient = verifierOf([key], { anyType: true, clientClaim: 'azp', idClaim: 'uti' });
      expect(await lenient.verify(old)).toMatchObject({
        verified: { credentialId: 'u-1', principal: { client: 'desktop' } },
      });
    },
  );

  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt'])(
    verifies('C4.jwt', 'a good token has the type %s'),
    async (typ) => {
      expect(await verdictOf(token(key, {}, { typ }))).toBe('ok');
    },
  );
});

/** What reads like another subject, or like nothing. */
const HIDDEN: readonly (readonly [what: string, sub: string])[] = [
  ['a space without a width', 'alice\u200B'],
  ['a change of direction', 'ecila\u202E'],
  ['a byte order mark', '\uFEFFalice'],
  ['a soft hyphen', 'al\u00ADice'],
  ['a filler', 'alice\u3164'],
  ['a tag', 'alice\u{E0041}'],
  ['a selector', 'alice\uFE0F'],
  ['a character of private use', 'alice\uE000'],
  ['an empty Braille cell', 'alice\u2800'],
  ['a space behind it', 'alice '],
  ['a space that does not break', 'al\u00A0ice'],
  ['a line separator', 'alice\u2028'],
  ['another spelling of the same letters', 'jose\u0301'],
];

describe('claims', () => {
  test.each<readonly [what: string, changes: Record<string, unknown>, why: string]>([
    ['has expired', { exp: SECONDS - 1 }, 'the token has expired'],
    ['expires now', { exp: SECONDS }, 'the token has expired'],
    ['is issued in the future', { iat: SECONDS + 31 }, 'the token is not valid yet'],
    ['begins in the future', { nbf: SECONDS + 31 }, 'the token is not valid yet'],
    [
      'lives longer than a day',
      { iat: SECONDS, exp: SECONDS + 86_401 },
      'the token lives too long',
    ],
    [
      'is for another server',
      { aud: 'https://other.example/mcp' },
      'the token is for another audience',
    ],
    ['is for a path beneath', { aud: `${RESOURCE}/` }, 'the token is for another audience'],
    [
      'is for the origin only',
      { aud: 'https://files.example' },
      'the token is for another audience',
    ],
    ['is for others', { aud: ['a', 'b'] }, 'the token is for another audience'],
    ['is for a prefix', { aud: [RESOURCE.slice(0, -1)] }, 'the token is for another audience'],
    ['is for nobody', { aud: [] }, 'claim aud is missing or malformed'],
    [
      'has an audience that is no text',
      { aud: [RESOURCE, 7] },
      'claim aud is missing or malformed',
    ],
    ['has an audience in an object', { aud: { 0: RESOURCE } }, 'claim aud is missing or malformed'],
    ['is of another issuer', { iss: 'https://evil.example' }, 'the issuer is not known'],
    ['is of the issuer with a slash', { iss: `${ISSUER}/` }, 'the issuer is not known'],
    ['is of an issuer in an array', { iss: [ISSUER] }, 'the issuer is not known'],
    ['has no issuer', { iss: undefined }, 'the issuer is not known'],
    ['has no audience', { aud: undefined }, 'claim aud is missing or malformed'],
    ['has no end', { exp: undefined }, 'claim exp is missing or malformed'],
    [
      'has an end that is a text',
      { exp: String(SECONDS + 290) },
      'claim exp is missing or malformed',
    ],
    ['has no end but null', { exp: null }, 'claim exp is missing or malformed'],
    ['has a negative end', { exp: -1 }, 'claim exp is missing or malformed'],
    ['has an end beyond all dates', { exp: 1e300 }, 'claim exp is missing or malformed'],
    ['has no time of issue', { iat: undefined }, 'claim iat is missing or malformed'],
    ['has no subject', { sub: undefined }, 'claim sub is missing or malformed'],
    ['has an empty subject', { sub: '' }, 'claim sub is missing or malformed'],
    ['has a subject that is a number', { sub: 7 }, 'claim sub is missing or malformed'],
    ['has a subject with a NUL', { sub: 'alice\0' }, 'claim sub is missing or malformed'],
    ['has a subject with a line end', { sub: 'alice\n' }, 'claim sub is missing or malformed'],
    [
      'has half a character as subject',
      { sub: 'alice\ud800' },
      'claim sub is missing or malformed',
    ],
    ...HIDDEN.map(
      ([what, sub]) =>
        [`has a subject with ${what}`, { sub }, 'claim sub is missing or malformed'] as const,
    ),
    ['has a huge subject', { sub: 'a'.repeat(257) }, 'claim sub is missing or malformed'],
    ['has no client', { client_id: undefined }, 'claim client_id is missing or malformed'],
    [
      'has a client that is an array',
      { client_id: ['x'] },
      'claim client_id is missing or malformed',
    ],
    ['has no id', { jti: undefined }, 'claim jti is missing or malformed'],
    ['has a scope with a quote', { scope: 'a:b "' }, 'claim scope is missing or malformed'],
    ['has a scope that is an object', { scope: {} }, 'claim scope is missing or malformed'],
    ['has a scope with two spaces', { scope: 'a  b' }, 'claim scope is missing or malformed'],
    ['is bound in an unknown way', { cnf: { kid: 'x' } }, 'claim cnf is missing or malformed'],
    ['is bound to nothing', { cnf: {} }, 'claim cnf is missing or malformed'],
    ['is bound to a text', { cnf: 'x' }, 'claim cnf is missing or malformed'],
    [
      'is bound to a key and to what we do not know',
      { cnf: { jkt: base64url(Buffer.alloc(32)), jku: 'x' } },
      'claim cnf is missing or malformed',
    ],
    [
      'is bound to half a thumbprint',
      { cnf: { jkt: base64url(Buffer.alloc(16)) } },
      'claim cnf is missing or malformed',
    ],
    [
      'is bound to a thumbprint with spare bits',
      { cnf: { jkt: `${base64url(Buffer.alloc(32)).slice(0, -1)}B` } },
      'claim cnf is missing or malformed',
    ],
  ])(verifies('C4.jwt', 'a token that %s is refused'), async (_, changes, why) => {
    expect(await verdictOf(token(key, changes))).toBe(`invalid: ${why}`);
  });

  test.each<readonly [what: string, changes: Record<string, unknown>]>([
    ['one of several audiences', { aud: ['https://other.example', RESOURCE] }],
    ['an issuer whose clock is ahead by half a minute', { iat: SECONDS + 30, nbf: SECONDS + 30 }],
    ['a fraction of a second', { exp: SECONDS + 0.5 }],
    ['a life of exactly a day', { iat: SECONDS - 86_399, exp: SECONDS + 1 }],
  ])(verifies('C4.jwt', 'a token with %s is accepted'), async (_, changes) => {
    expect(await verdictOf(token(key, changes))).toBe('ok');
  });

  test.each<readonly [what: string, changes: Record<string, unknown>]>([
    ['gty', { sub: 'desktop@clients', gty: 'client-credentials' }],
    ['one of several gty', { sub: 'desktop@clients', gty: ['client-credentials'] }],
    ['idtyp', { sub: '7c7c4b52', idtyp: 'app' }],
  ])(
    verifies('C4.jwt', 'a token of a program is no person’s where its issuer says so in %s'),
    async (_, changes) => {
      const outcome = await verifierOf([key]).verify(token(key, changes));
      expect(outcome).toMatchObject({
        ok: true,
        verified: { principal: { kind: 'service', id: `service:${ISSUER}|desktop` } },
      });
      expect(outcome).not.toHaveProperty('verified.principal.subject');
    },
  );

  test.each<readonly [what: string, changes: Record<string, unknown>]>([
    ['a grant of a person', { gty: 'password' }],
    ['several', { gty: ['refresh_token', 'authorization_code'] }],
    ['the type of a person', { idtyp: 'user' }],
    ['something else', { gty: 7, idtyp: {} }],
  ])(verifies('C4.jwt', 'a token whose issuer names %s is a person’s'), async (_, changes) => {
    expect(await verifierOf([key]).verify(token(key, changes))).toMatchObject({
      ok: true,
      verified: { principal: { kind: 'user', id: `${ISSUER}|alice` } },
    });
  });

  test(verifies('C4.jwt', 'a subject may have letters of any script, and a space'), async () => {
    for (const sub of ['jos\u00E9', 'Ада Лавлейс', '愛', 'auth0|a b'])
      expect(await verdictOf(token(key, { sub }))).toBe('ok');
  });

  test(verifies('C4.jwt', 'the operator can demand shorter lives'), async () => {
    const short = verifierOf([key], { lifetimeMaxMs: 60_000 });
    expect(await verdictOf(token(key), short)).toBe('invalid: the token lives too long');
    expect(await verdictOf(token(key, { iat: SECONDS, exp: SECONDS + 60 }), short)).toBe('ok');
  });

  test(verifies('C4.jwt', 'nothing of a token is repeated in what is told about it'), async () => {
    const secret = 'NOTTOBESEENAGAIN';
    const texts = [
      token(key, { sub: `${secret}\0` }),
      token(key, { iss: secret }),
      token(key, { [secret]: 1, exp: secret }),
      token(key, {}, { alg: secret }),
      token(key, {}, { kid: secret }),
      secret,
    ];
    const verdicts = await Promise.all(texts.map((text) => verdictOf(text)));
    for (const line of verdicts) {
      expect(line).toMatch(/^invalid: /);
      expect(line).not.toContain(secret);
    }
  });
});

describe('algorithms and keys', () => {
  const publicPem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }));

  test.each<readonly [what: string, text: () => string, keys: readonly Signer[]]>([
    [
      'an HMAC with the public key as secret',
      () => macToken(publicPem, header(rsa, { alg: 'HS256' }), claims()),
      [rsa],
    ],
    [
      'an HMAC with the JWK as secret',
      () => macToken(JSON.stringify(rsa.jwk), header(rsa, { alg: 'HS256' }), claims()),
      [rsa],
    ],
    [
      'no signature',
      () =>
        `${base64url(JSON.stringify(header(key, { alg: 'none' })))}.${base64url(JSON.stringify(claims()))}.`,
      [key],
    ],
    ['no algorithm and some signature', () => token(key, {}, { alg: 'none' }), [key]],
    ['an algorithm in other letters', () => token(key, {}, { alg: 'es256' }), [key]],
    ['an algorithm that is an array', () => token(key, {}, { alg: ['ES256'] }), [key]],
    ['no algorithm named', () => token(key, {}, { alg: undefined }), [key]],
    ['an inherited name as algorithm', () => token(key, {}, { alg: 'constructor' }), [key]],
  ])(verifies('C4.jwt', '%s is no signature'), async (_, text, keys) => {
    expect(await verdictOf(text(), verifierOf(keys))).toMatch(/^invalid: the (?:algorithm|token)/);
  });

  test(
    verifies('C4.jwt', 'a shared secret among the keys of an issuer verifies nothing'),
    async () => {
      const secret = Buffer.from('0123456789abcdef0123456789abcdef');
      const oct = { kty: 'oct', k: base64url(secret), kid: 'shared', alg: 'HS256', use: 'sig' };
      const text = macToken(secret, { alg: 'HS256', kid: 'shared', typ: 'at+jwt' }, claims());
      expect(await verdictOf(text, verifierOf([oct]))).toMatch(/^invalid: the algorithm/);
    },
  );

  test(
    verifies('C4.jwt', 'a key for RS256 does not verify PS256, nor the other way round'),
    async () => {
      const pss = signer('PS256');
      const asPss = signText(
        rsa,
        JSON.stringify(header(rsa, { alg: 'PS256' })),
        JSON.stringify(claims()),
        'PS256',
      );
      const asRs = signText(
        pss,
        JSON.stringify(header(pss, { alg: 'RS256' })),
        JSON.stringify(claims()),
        'RS256',
      );
      const both = verifierOf([rsa, pss]);
      expect(await verdictOf(asPss, both)).toBe('invalid: the key is for another algorithm');
      expect(await verdictOf(asRs, both)).toBe('invalid: the key is for another algorithm');
    },
  );

  test(
    verifies(
      'C4.jwt',
      'a signature of the one kind is none of the other, also where the key does not say for which it is',
    ),
    async () => {
      const { alg: _, ...open } = rsa.jwk;
      const renamed = signText(
        rsa,
        JSON.stringify(header(rsa, { alg: 'PS256' })),
        JSON.stringify(claims()),
        'RS256',
      );
      expect(await verdictOf(renamed, verifierOf([open]))).toBe(
        'invalid: the signature does not verify',
      );
      expect(await verdictOf(token(rsa), verifierOf([open]))).toBe('ok');
    },
  );

  test(verifies('C4.jwt', 'a key that the token brings along is not used'), async () => {
    const mine = signer('ES256', key.kid);
    const attempts = [
      token(mine, {}, { jwk: mine.jwk }),
      token(mine, {}, { jku: 'https://evil.example/jwks.json' }),
      token(mine, {}, { x5u: 'https://evil.example/chain.pem' }),
      token(mine, {}, { x5c: ['MIIB'] }),
    ];
    const verdicts = await Promise.all(attempts.map((text) => verdictOf(text)));
    expect(verdicts).toEqual(
      ['jwk', 'jku', 'x5u', 'x5c'].map((name) => `invalid: the header holds ${name}`),
    );
    // And the signature alone would not have been enough either.
    expect(await verdictOf(token(mine))).toBe('invalid: the signature does not verify');
  });

  test.each([
    { crit: ['exp'], exp: 1 },
    { crit: [] },
    { b64: false, crit: ['b64'] },
    { b64: true },
    { zip: 'DEF' },
  ])(
    verifies('C4.jwt', 'a header that changes what a signature means is refused: %o'),
    async (changes) => {
      expect(await verdictOf(token(key, {}, changes))).toMatch(/^invalid: the header holds/);
    },
  );

  test.each(['JWT', 'jwt', 'id+jwt', 'logout+jwt', 'dpop+jwt', '', undefined, ['at+jwt']])(
    verifies('C4.jwt', 'another JWT of the same issuer is no access token: %o'),
    async (typ) => {
      expect(await verdictOf(token(key, {}, { typ }))).toBe('invalid: the type is not at+jwt');
    },
  );

  test(verifies('C4.jwt', 'with several keys, a token has to name its own'), async () => {
    const two = verifierOf([key, signer()]);
    expect(await verdictOf(token(key, {}, { kid: undefined }), two)).toBe(
      'invalid: the key is not named',
    );
    expect(await verdictOf(token(key, {}, { kid: undefined }))).toBe('ok');
    const twins = verifierOf([key, signer('ES256', key.kid)]);
    expect(await verdictOf(token(key), twins)).toBe('invalid: the key is ambiguous');
  });

  test(
    verifies('C4.jwt', 'a key that is too weak, for another use, or not public verifies nothing'),
    async () => {
      const { privateKey, jwk } = signer('RS256', 'weak');
      const variants: readonly object[] = [
        { ...jwk, e: 'AQ' },
        { ...jwk, e: 'Aw' },
        { ...jwk, use: 'enc' },
        { ...jwk, key_ops: ['encrypt'] },
        { ...jwk, n: base64url(Buffer.alloc(1025, 0xab)) },
        { ...privateKey.export({ format: 'jwk' }), kid: 'weak', use: 'sig' },
        { ...key.jwk, kid: 'weak', x: base64url(Buffer.alloc(33, 1)) },
        { ...key.jwk, kid: 'weak', crv: 'secp256k1' },
      ];
      const text = token({ ...rsa, privateKey, kid: 'weak' });
      const verdicts = await Promise.all(
        variants.map((item) => verdictOf(text, verifierOf([item]))),
      );
      expect(new Set(verdicts)).toEqual(new Set(['invalid: the key is not known']));
      expect(await verdictOf(text, verifierOf([jwk]))).toBe('ok');
    },
  );

  test(
    verifies(
      'C4.jwt',
      'an RSA key of 1024 bits verifies nothing, nor does one that hides its size behind zeros',
    ),
    async () => {
      const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
      const jwk = { ...weak.publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' };
      const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(String(jwk.n), 'base64url')]);
      const text = token({ ...rsa, privateKey: weak.privateKey, kid: 'weak' });
      const variants = [jwk, { ...jwk, n: base64url(padded) }];
      const verdicts = await Promise.all(
        variants.map((item) => verdictOf(text, verifierOf([item]))),
      );
      expect(new Set(verdicts)).toEqual(new Set(['invalid: the key is not known']));
    },
  );

  test(verifies('C4.jwt', 'a point that is not on its curve is no key'), async () => {
    const off = { ...key.jwk, y: base64url(Buffer.alloc(32, 7)) };
    expect(await verdictOf(token(key), verifierOf([off]))).toBe('invalid: the key is not usable');
  });
});

describe('one token, one text', () => {
  test(
    verifies('C4.jwt', 'the fifteen other texts that verify for the library are refused'),
    async () => {
      const good = token(key);
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const others = letters
        .split('')
        .map((letter) => `${good.slice(0, -1)}${letter}`)
        .filter((text) => text !== good);
      const verified = await Promise.all(others.map((text) => plainly(text)));
      const twins = others.filter((_, index) => verified[index]);
      expect(twins).toHaveLength(15);
      const verdicts = await Promise.all(twins.map((text) => verdictOf(text)));
      expect(new Set(verdicts)).toEqual(new Set(['invalid: the token is not a canonical JWS']));
      expect(await verdictOf(good)).toBe('ok');
    },
  );

  test.each<readonly [what: string, change: (good: string) => string]>([
    ['padding', (good) => `${good}==`],
    ['a space behind', (good) => `${good} `],
    ['a line end behind', (good) => `${good}\n`],
    ['a space before', (good) => ` ${good}`],
    ['a fourth segment', (good) => `${good}.`],
    ['an empty signature', (good) => good.slice(0, good.lastIndexOf('.') + 1)],
    ['the other alphabet', (good) => good.replaceAll('-', '+').replaceAll('_', '/')],
    ['a NUL', (good) => `${good}\0`],
  ])(verifies('C4.jwt', 'a token with %s is refused'), async (_, change) => {
    // Any token whose signature uses both letters that the alphabets do not share.
    let good = token(key);
    while (!/-.*_|_.*-/.test(good)) good = token(key);
    expect(await verdictOf(change(good))).toBe('invalid: the token is not a canonical JWS');
  });

  test(
    verifies('C4.jwt', 'a token with any one character changed, added or left out is refused'),
    async () => {
      const good = token(key);
      const spoiled = Array.from(good, (character, index) => {
        const [before, after] = [good.slice(0, index), good.slice(index + 1)];
        const other = character === 'x' ? 'y' : 'x';
        return [
          `${before}${other}${after}`,
          `${before}${after}`,
          `${before}${other}${character}${after}`,
        ];
      }).flat();
      const verdicts = await Promise.all(spoiled.map((text) => verdictOf(text)));
      expect(verdicts.filter((line) => !line.startsWith('invalid: '))).toEqual([]);
      expect(verdicts).toHaveLength(good.length * 3);
    },
  );

  test(
    verifies(
      'C4.jwt',
      'the one twin that ECDSA allows is the same token to whoever goes by its id',
    ),
    async () => {
      const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
      const [head = '', body = '', signature = ''] = token(key).split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
      const other = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex');
      const twin = `${head}.${body}.${base64url(Buffer.concat([bytes.subarray(0, 32), other]))}`;
      expect(await verifier.verify(twin)).toMatchObject({
        ok: true,
        verified: { credentialId: 'token-1' },
      });
    },
  );

  test.each<
    readonly [what: string, head: (text: string) => string, body: (text: string) => string]
  >([
    ['a second audience', same, (text) => text.replace('{', `{"aud":"https://other.example",`)],
    ['a second end', same, (text) => text.replace('}', `,"exp":${String(SECONDS + 9999)}}`)],
    [
      'a second subject in other letters',
      same,
      (text) => text.replace('}', String.raw`,"s\u0075b":"mallory"}`),
    ],
    [
      'a second member deep inside',
      same,
      (text) => text.replace('}', ',"act":{"sub":"x","sub":"y"}}'),
    ],
    ['a second algorithm', (text) => text.replace('{', '{"alg":"none",'), same],
    ['a second kid', (text) => text.replace('}', ',"kid":"other"}'), same],
  ])(
    verifies('C4.jwt', 'a token with %s is refused, which the library reads by its last word'),
    async (_, head, body) => {
      const text = signText(key, head(JSON.stringify(header(key))), body(JSON.stringify(claims())));
      await expect(compactVerify(text, key.publicKey)).resolves.toBeDefined();
      expect(await verdictOf(text)).toBe('invalid: the token is not a canonical JWS');
    },
  );

  test.each<readonly [what: string, body: string | Buffer]>([
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['nothing', ''],
    ['half a JSON text', '{"iss":'],
    ['a byte order mark', `\ufeff${JSON.stringify(claims())}`],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    ],
  ])(verifies('C4.jwt', 'a payload of %s is refused'), async (_, body) => {
    const text = signText(key, JSON.stringify(header(key)), body);
    expect(await verdictOf(text)).toBe('invalid: the token is not a canonical JWS');
  });

  test(
    verifies('C4.jwt', 'a token of more than 8 KiB is refused before anything of it is read'),
    async () => {
      const fits = token(key, { note: 'a'.repeat(5000) });
      const large = token(key, { note: 'a'.repeat(6000) });
      expect(large.length).toBeGreaterThan(8192);
      expect(await plainly(large)).toBe(true);
      expect(await verdictOf(fits)).toBe('ok');
      expect(await verdictOf(large)).toBe('invalid: the token is not a canonical JWS');
    },
  );

  test(
    verifies('C4.jwt', 'strings with colons, quotes and braces in claims are no members'),
    async () => {
      const odd = String.raw`":{"a":"b\\`;
      expect(await verdictOf(token(key, { note: odd, list: [odd, { [odd]: odd }] }))).toBe('ok');
    },
  );
});

describe('options', () => {
  test.each([
    ['plain http', 'http://as.example'],
    ['a query', 'https://as.example?tenant=1'],
    ['a fragment', 'https://as.example#x'],
    ['a password', 'https://a:b@as.example'],
    ['a bar', 'https://as.example/a|b'],
    ['no URL', 'as.example'],
    ['another scheme', 'file:///etc/passwd'],
  ])(verifies('C4.jwt', 'an issuer with %s is refused'), (_, issuer) => {
    expect(() => verifierOf([key], { issuer })).toThrow(TypeError);
  });

  test(verifies('C4.jwt', 'keys over plain http are refused for an issuer with TLS'), () => {
    expect(() => verifierOf([key], { jwks: 'http://127.0.0.1/jwks' })).toThrow(TypeError);
  });

  test(verifies('C4.jwt', 'two issuers do not verify each other’s tokens'), async () => {
    const other = signer();
    const issuers = [
      { issuer: ISSUER, jwks: () => ({ keys: [key.jwk] }) },
      { issuer: 'https://other.example', jwks: () => ({ keys: [other.jwk] }) },
    ];
    const both = createJwtVerifier({ resource: RESOURCE, issuers, now: () => NOW });
    expect(await verdictOf(token(other, { iss: 'https://other.example' }), both)).toBe('ok');
    expect(await verdictOf(token(other, { iss: ISSUER }), both)).toBe(
      'invalid: the key is not known',
    );
    const renamed = { ...other, kid: key.kid };
    expect(await verdictOf(token(renamed, { iss: ISSUER }), both)).toBe(
      'invalid: the signature does not verify',
    );
  });
});

function same(text: string): string {
  return text;
}
