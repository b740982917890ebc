import { createHmac, randomUUID, verify as verifySignature } from 'node:crypto';

import { verifies } from '@secure-mcp/testkit';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';

import { type SingleUse } from '../src/index.ts';
import { createDpopVerifier, DPOP_ALGORITHMS } from '../src/network.ts';
import {
  athOf,
  encoded,
  makeProof,
  makeSenderKey,
  memoryOfUses,
  partsOf,
  type ProofParts,
  type SenderKey,
  UNREACHABLE,
} from './helpers/proofs.ts';

const NOW = Date.parse('2026-06-15T12:00:00.500Z');
const SECONDS = Math.floor(NOW / 1000);
const RESOURCE = 'https://mcp.example/mcp';
const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
const PURPOSE = { url: RESOURCE, method: 'POST', token: TOKEN, now: NOW };

let key: SenderKey;

beforeAll(async () => {
  key = await makeSenderKey();
});

async function judge(
  proof: string,
  {
    thumbprint = key.thumbprint,
    method = 'POST',
    token = TOKEN,
    now = NOW,
    owner = 'ada',
    admit = async () => {},
  } = {},
  singleUse: SingleUse = memoryOfUses(),
): Promise<unknown> {
  const verifier = createDpopVerifier({ resource: RESOURCE, singleUse, now: () => now });
  return (await verifier.verify({ proof, method, token, thumbprint, owner, admit })) ?? 'good';
}

const refused = (detail: string) => ({ ok: false, problem: { kind: 'proof', detail } });

/** Of a proof by the right key: nobody has guessed it. */
const genuine = (detail: string) => ({
  ok: false,
  problem: { kind: 'proof', detail, genuine: true },
});

describe('a proof holds', () => {
  test.each([...DPOP_ALGORITHMS, 'ES384'])('when signed with %s', async (alg) => {
    const own = await makeSenderKey(alg);
    const proof = await makeProof(own, PURPOSE);
    const expected = DPOP_ALGORITHMS.some((known) => known === alg)
      ? 'good'
      : refused('malformed proof');
    expect(await judge(proof, { thumbprint: own.thumbprint })).toEqual(expected);
  });

  test.each([
    'https://mcp.example/mcp',
    'https://MCP.Example/mcp',
    'HTTPS://mcp.example:443/mcp',
    'https://mcp.example/mcp?session=1',
    'https://mcp.example/mcp#part',
    'https://mcp.example/./mcp',
    'https://mcp.example/%6Dcp',
  ])('for the URL %s, which is ours by RFC 3986', async (htu) => {
    expect(await judge(await makeProof(key, PURPOSE, { claims: { htu } }))).toBe('good');
  });

  test.each([-300, -299, -1, 0, 1, 59, 60])('at %i seconds from our clock', async (off) => {
    const proof = await makeProof(key, PURPOSE, { claims: { iat: NOW / 1000 + off } });
    expect(await judge(proof)).toBe('good');
  });

  test('with members that say nothing to us', async () => {
    const header = { kid: 'mine', 'x-other': [1, { a: 2 }] };
    const claims = { nonce: 'n', exp: 1, extra: { deep: [true] } };
    expect(await judge(await makeProof(key, PURPOSE, { header, claims }))).toBe('good');
  });
});

describe('a proof does not hold', () => {
  test.each<readonly [what: string, parts: () => ProofParts, detail: string]>([
    ['without a type', () => ({ header: { typ: undefined } }), 'malformed proof'],
    ['of the type of any JWT', () => ({ header: { typ: 'JWT' } }), 'malformed proof'],
    ['of the type of a token', () => ({ header: { typ: 'at+jwt' } }), 'malformed proof'],
    ['without a key', () => ({ header: { jwk: undefined } }), 'malformed proof'],
    ['with a text for a key', () => ({ header: { jwk: 'key' } }), 'malformed proof'],
    ['with its private key', () => ({ header: { jwk: key.privateJwk } }), 'malformed proof'],
    [
      'with one private member',
      () => ({ header: { jwk: { ...key.jwk, d: 'AQ' } } }),
      'malformed proof',
    ],
    [
      'with a symmetric member',
      () => ({ header: { jwk: { ...key.jwk, k: 'AQ' } } }),
      'malformed proof',
    ],
    [
      'with a key of another kind',
      () => ({ header: { jwk: { kty: 'oct', k: 'AQ' } } }),
      'malformed proof',
    ],
    [
      'with a key off the curve',
      () => ({ header: { jwk: { ...key.jwk, x: key.jwk.y } } }),
      'proof by another key',
    ],
    ['of no id', () => ({ claims: { jti: undefined } }), 'malformed proof'],
    ['of an empty id', () => ({ claims: { jti: '' } }), 'malformed proof'],
    ['of a long id', () => ({ claims: { jti: 'x'.repeat(513) } }), 'malformed proof'],
    ['of an id that is a number', () => ({ claims: { jti: 7 } }), 'malformed proof'],
    ['of no time', () => ({ claims: { iat: undefined } }), 'malformed proof'],
    ['of a time in words', () => ({ claims: { iat: String(SECONDS) } }), 'malformed proof'],
    ['of a time in milliseconds', () => ({ claims: { iat: NOW } }), 'proof of another time'],
    ['of a time that is no number', () => ({ claims: { iat: 1e308 } }), 'proof of another time'],
    ['that is old', () => ({ claims: { iat: NOW / 1000 - 300.001 } }), 'proof of another time'],
    [
      'that is of tomorrow',
      () => ({ claims: { iat: NOW / 1000 + 60.001 } }),
      'proof of another time',
    ],
    ['for no method', () => ({ claims: { htm: undefined } }), 'malformed proof'],
    ['for another method', () => ({ claims: { htm: 'GET' } }), 'proof for another method'],
    [
      'for the method in lower case',
      () => ({ claims: { htm: 'post' } }),
      'proof for another method',
    ],
    ['for no URL', () => ({ claims: { htu: undefined } }), 'malformed proof'],
    ['for no token', () => ({ claims: { ath: undefined } }), 'malformed proof'],
    ['for an empty token', () => ({ claims: { ath: '' } }), 'proof for another token'],
    [
      'for another token',
      () => ({ claims: { ath: athOf(`${TOKEN}x`) } }),
      'proof for another token',
    ],
    [
      'for the token itself',
      () => ({ claims: { ath: 'c2lnbmF0dXJl' } }),
      'proof for another token',
    ],
  ])(verifies('E11.dpop', '%s'), async (_what, parts, detail) => {
    const outcome = await judge(await makeProof(key, PURPOSE, parts()));
    expect(outcome).toEqual(detail === 'proof of another time' ? genuine(detail) : refused(detail));
  });

  test(
    verifies(
      'C12.failures',
      'of another time by another key is not taken for a clock that is wrong',
    ),
    async () => {
      const thief = await makeSenderKey();
      const proof = await makeProof(thief, PURPOSE, { claims: { iat: NOW / 1000 - 3600 } });
      expect(await judge(proof)).toEqual(refused('proof by another key'));
      const own = await makeProof(key, PURPOSE, { claims: { iat: NOW / 1000 - 3600 } });
      const forged = `${own.slice(0, own.lastIndexOf('.'))}.${'A'.repeat(86)}`;
      expect(await judge(forged)).toEqual(refused('proof with a wrong signature'));
    },
  );

  test.each([
    'https://other.example/mcp',
    'https://mcp.example/',
    'https://mcp.example/mcp/',
    'https://mcp.example/MCP',
    'https://mcp.example/mcp%2f',
    'https://mcp.example/a/../mcp/../mcp2',
    'https://mcp.example:8443/mcp',
    'https://mcp.example.evil/mcp',
    'http://mcp.example/mcp',
    'https://evil@mcp.example/mcp',
    'https://mcp.example@evil/mcp',
    'https:mcp.example/mcp',
    'https:\\\\mcp.example\\mcp',
    ' https://mcp.example/mcp',
    'https://mcp.example/mcp\n',
    'https://mcp.exa\tmple/mcp',
    'https://mcp.exampl\u{435}/mcp',
    '//mcp.example/mcp',
    '/mcp',
    'mcp.example/mcp',
    'javascript:alert(1)',
    'https://',
    '',
  ])(verifies('E11.dpop', 'for the URL %j'), async (htu) => {
    const proof = await makeProof(key, PURPOSE, { claims: { htu } });
    expect(await judge(proof)).toEqual(refused('proof for another URL'));
  });

  test(verifies('E11.dpop', 'by another key than the token is bound to'), async () => {
    const thief = await makeSenderKey();
    expect(await judge(await makeProof(thief, PURPOSE))).toEqual(refused('proof by another key'));
  });

  test(verifies('E11.dpop', 'by another key that shows the bound one'), async () => {
    const thief = await makeSenderKey();
    const proof = await makeProof(thief, PURPOSE, { header: { jwk: key.jwk } });
    expect(await judge(proof)).toEqual(refused('proof with a wrong signature'));
  });

  test(verifies('E11.dpop', 'when its claims were changed after signing'), async () => {
    const [header, , signature] = partsOf(await makeProof(key, PURPOSE));
    const claims = { jti: 'x', htm: 'POST', htu: RESOURCE, iat: SECONDS, ath: athOf(TOKEN) };
    expect(await judge(`${header}.${encoded(claims)}.${signature}`)).toEqual(
      refused('proof with a wrong signature'),
    );
  });

  test.each(['none', 'HS256', 'HS512', 'RS1', 'ES256K', '', undefined])(
    verifies('E11.dpop', 'when it names the algorithm %j'),
    async (alg) => {
      const [, payload] = partsOf(await makeProof(key, PURPOSE));
      const header = encoded({ typ: 'dpop+jwt', alg, jwk: key.jwk });
      // What a verifier that takes the public key for a shared secret would accept.
      const mac = createHmac('sha256', JSON.stringify(key.jwk));
      const signature = mac.update(`${header}.${payload}`).digest('base64url');
      expect(await judge(`${header}.${payload}.${signature}`)).toEqual(refused('malformed proof'));
      expect(await judge(`${header}.${payload}.`)).toEqual(refused('malformed proof'));
    },
  );

  test('by a key that is no point of its curve, though the token is bound to it', async () => {
    const jwk = { ...key.jwk, x: key.jwk.y ?? '' };
    const proof = await makeProof(key, PURPOSE, { header: { jwk } });
    const thumbprint = await calculateJwkThumbprint(jwk);
    expect(await judge(proof, { thumbprint })).toEqual(refused('proof with a wrong signature'));
  });

  test('when its algorithm is for another kind of key', async () => {
    const [, payload, signature] = partsOf(await makeProof(key, PURPOSE));
    for (const alg of ['RS256', 'PS256', 'EdDSA']) {
      const header = encoded({ typ: 'dpop+jwt', alg, jwk: key.jwk });
      expect(await judge(`${header}.${payload}.${signature}`)).toEqual(
        refused('proof with a wrong signature'),
      );
    }
  });

  test('when it demands extensions', async () => {
    const [, payload, signature] = partsOf(await makeProof(key, PURPOSE));
    const header = encoded({
      typ: 'dpop+jwt',
      alg: 'ES256',
      jwk: key.jwk,
      crit: ['b64'],
      b64: false,
    });
    expect(await judge(`${header}.${payload}.${signature}`)).toEqual(refused('malformed proof'));
  });

  test.each([
    ['two, as joined headers', (proof: string) => `${proof}, ${proof}`],
    ['two, with a comma only', (proof: string) => `${proof},${proof}`],
    ['one in quotes', (proof: string) => `"${proof}"`],
    ['one and a space', (proof: string) => `${proof} `],
    ['one and a line end', (proof: string) => `${proof}\n`],
    ['one with padding', (proof: string) => `${proof}==`],
    ['one and an empty segment', (proof: string) => `${proof}.`],
    ['one and a segment', (proof: string) => `${proof}.e30`],
    ['two segments', (proof: string) => proof.slice(0, proof.lastIndexOf('.'))],
    ['nothing', () => ''],
    ['dots', () => '..'],
    ['a long one', (proof: string) => `${proof}${'A'.repeat(4096)}`],
    ['JSON', () => '{"typ":"dpop+jwt"}'],
  ])('%s', async (_what, forge) => {
    expect(await judge(forge(await makeProof(key, PURPOSE)))).toEqual(refused('malformed proof'));
  });

  test('whose header or claims have two meanings', async () => {
    const [header, payload, signature] = partsOf(await makeProof(key, PURPOSE));
    const doubled = (segment: string, member: string): string => {
      const text = Buffer.from(segment, 'base64url').toString();
      return Buffer.from(text.replace('{', `{${member},`)).toString('base64url');
    };
    for (const proof of [
      `${doubled(header, '"alg":"none"')}.${payload}.${signature}`,
      `${header}.${doubled(payload, '"htm":"GET"')}.${signature}`,
    ])
      expect(await judge(proof)).toEqual(refused('malformed proof'));
  });

  test('with a small or an expensive RSA key', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const real = await exportJWK(publicKey);
    const [, payload, signature] = partsOf(await makeProof(key, PURPOSE));
    for (const jwk of [
      { ...real, n: Buffer.alloc(128, 0xff).toString('base64url') },
      { ...real, e: 'AQ' },
      { ...real, e: Buffer.alloc(255, 0xff).toString('base64url') },
    ]) {
      const header = encoded({ typ: 'dpop+jwt', alg: 'RS256', jwk });
      expect(await judge(`${header}.${payload}.${signature}`)).toEqual(refused('malformed proof'));
    }
  });
});

describe('a proof is good once', () => {
  test(verifies('E11.dpop', 'and not again'), async () => {
    const uses = memoryOfUses();
    const proof = await makeProof(key, PURPOSE);
    expect(await judge(proof, {}, uses)).toBe('good');
    expect(await judge(proof, {}, uses)).toEqual(refused('proof used again'));
  });

  test(
    verifies('C12.failures', 'and from before a restart it is not taken for a guess'),
    async () => {
      const uses = memoryOfUses();
      const proof = await makeProof(key, PURPOSE);
      expect(await judge(proof, {}, uses)).toBe('good');
      const restarted = NOW + 1000;
      expect(await judge(proof, { now: restarted }, uses)).toEqual(genuine('proof used again'));
    },
  );

  test('of many at the same time', async () => {
    const uses = memoryOfUses();
    const proof = await makeProof(key, PURPOSE);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async () => judge(proof, {}, uses)),
    );
    expect(outcomes.filter((outcome) => outcome === 'good')).toHaveLength(1);
  });

  test(verifies('E11.dpop', 'also in another form that its signature has'), async () => {
    const uses = memoryOfUses();
    const proof = await makeProof(key, PURPOSE);
    const twin = withTwinSignature(proof, key);
    expect(twin).not.toBe(proof);
    expect(await judge(twin)).toBe('good');
    expect(await judge(proof, {}, uses)).toBe('good');
    expect(await judge(twin, {}, uses)).toEqual(refused('proof used again'));
  });

  test('while another sender may use the same id', async () => {
    const uses = memoryOfUses();
    const other = await makeSenderKey();
    const claims = { jti: randomUUID() };
    expect(await judge(await makeProof(key, PURPOSE, { claims }), {}, uses)).toBe('good');
    const theirs = await makeProof(other, PURPOSE, { claims });
    expect(await judge(theirs, { thumbprint: other.thumbprint }, uses)).toBe('good');
  });

  test('for as long as its time is accepted, on a clock that is a minute behind as well', async () => {
    for (const off of [-299, 0, 60]) {
      const uses = memoryOfUses();
      const iat = SECONDS + off;
      await judge(await makeProof(key, PURPOSE, { claims: { iat } }), {}, uses);
      const [ttlMs = 0] = uses.kept.values();
      expect(NOW + ttlMs).toBeGreaterThanOrEqual(iat * 1000 + 300_000 + 60_000);
      expect(ttlMs).toBeLessThanOrEqual(421_000);
    }
  });

  test('and is remembered without a word of the sender’s', async () => {
    const uses = memoryOfUses();
    await judge(await makeProof(key, PURPOSE, { claims: { jti: 'SENDER\n*' } }), {}, uses);
    expect([...uses.kept.keys()]).toEqual([expect.stringMatching(/^dpop:[\w-]{43}:[\w-]{43}$/)]);
  });

  test('only when it is good at all: nobody fills the memory with anything else', async () => {
    const uses = memoryOfUses();
    const thief = await makeSenderKey();
    await judge(await makeProof(thief, PURPOSE), {}, uses);
    await judge(await makeProof(thief, PURPOSE, { header: { jwk: key.jwk } }), {}, uses);
    await judge(await makeProof(key, PURPOSE, { claims: { htm: 'GET' } }), {}, uses);
    expect(uses.kept.size).toBe(0);
  });

  test(
    verifies(
      'C12.memory',
      'and not while its sender is over its limit: nothing is remembered then',
    ),
    async () => {
      const uses = memoryOfUses();
      const proof = await makeProof(key, PURPOSE);
      const admit = async () => Promise.reject(new Error('over the limit'));
      await expect(judge(proof, { admit }, uses)).rejects.toThrow('over the limit');
      expect(uses.kept.size).toBe(0);
      expect(await judge(proof, {}, uses)).toBe('good');
    },
  );

  test(
    verifies('E11.dpop', 'by its principal’s share of the memory, and with the time it was made'),
    async () => {
      const told: unknown[] = [];
      const uses: SingleUse = {
        async use(_key, _ttlMs, of) {
          told.push(of);
          return true;
        },
      };
      await judge(await makeProof(key, PURPOSE), { owner: 'grace' }, uses);
      // The end of the second that the proof names.
      expect(told).toEqual([{ owner: 'grace', madeAt: SECONDS * 1000 + 999 }]);
    },
  );

  test(
    verifies('E11.dpop', 'and not at all while nobody can say whether it was used'),
    async () => {
      expect(await judge(await makeProof(key, PURPOSE), {}, UNREACHABLE)).toEqual({
        ok: false,
        problem: { kind: 'unavailable', detail: 'used proofs cannot be looked up' },
      });
    },
  );
});

test.each(['', '/mcp', 'ftp://mcp.example/mcp', 'https://user@mcp.example/mcp'])(
  'the resource %j is no URL that proofs could be for',
  (resource) => {
    const options = { resource, singleUse: memoryOfUses(), now: () => NOW };
    expect(() => createDpopVerifier(options)).toThrow(TypeError);
  },
);

/** ECDSA accepts (r, n - s) wherever it accepts (r, s). */
function withTwinSignature(proof: string, { jwk }: SenderKey): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [header, payload, signature] = partsOf(proof);
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const twin = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex');
  const changed = Buffer.concat([bytes.subarray(0, 32), twin]);
  const data = Buffer.from(`${header}.${payload}`);
  const options = { key: { ...jwk }, format: 'jwk', dsaEncoding: 'ieee-p1363' } as const;
  expect(verifySignature('sha256', data, options, changed)).toBe(true);
  return `${header}.${payload}.${changed.toString('base64url')}`;
}
