import { verifies } from '@secure-mcp/testkit';
import { beforeAll, describe, expect, test } from 'vitest';

import type { Presented, TokenVerifier } from '../src/index.ts';
import { makeProof, memoryOfUses, UNREACHABLE } from './helpers/proofs.ts';
import {
  boundTo,
  CERTIFICATES,
  type Changes,
  ISSUER,
  makeWorld,
  NOW,
  presents,
  RESOURCE,
  type World,
} from './helpers/world.ts';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

async function judge(parts: Partial<Presented>, changes?: Changes): Promise<unknown> {
  return world.authenticator(changes).authenticate(presents(parts));
}

async function proofFor(token: string, key = world.sender, method = 'POST'): Promise<string> {
  return makeProof(key, { url: RESOURCE, method, token, now: NOW });
}

const missing = { ok: false, problem: { kind: 'missing' } };
const invalid = (detail: string) => ({ ok: false, problem: { kind: 'invalid', detail } });
/** Of a credential that was good once: whoever shows it has not guessed it. */
const ended = (detail: string) => ({
  ok: false,
  problem: { kind: 'invalid', detail, genuine: true },
});
const badProof = (detail: string) => ({ ok: false, problem: { kind: 'proof', detail } });
const letIn = (verified: object) => ({ ok: true, verified: expect.objectContaining(verified) });

describe('lets in', () => {
  test('an API key', async () => {
    expect(await judge({ authorization: `Bearer ${world.apiKeys.good}` })).toEqual(
      letIn({ method: 'api-key', principal: expect.objectContaining({ id: 'key:ci' }) }),
    );
  });

  test('a token of the issuer, which is bound to nothing', async () => {
    const outcome = await judge({ authorization: `Bearer ${await world.token({ jti: 'one' })}` });
    expect(outcome).toEqual(letIn({ method: 'jwt', credentialId: 'one' }));
    expect(outcome).not.toHaveProperty('verified.boundTo');
    expect(outcome).not.toHaveProperty('verified.certificate');
  });

  test('a token that is bound to a key, with a proof of it', async () => {
    const token = await world.token(boundTo({ key: world.sender }));
    expect(await judge({ authorization: `DPoP ${token}`, proof: await proofFor(token) })).toEqual(
      letIn({ method: 'jwt', boundTo: 'dpop' }),
    );
  });

  test('a token that is bound to a certificate, over a connection with it', async () => {
    const { named: certificate } = CERTIFICATES;
    const token = await world.token(boundTo({ certificate }));
    expect(await judge({ authorization: `Bearer ${token}`, certificate })).toEqual(
      letIn({
        method: 'jwt',
        boundTo: 'certificate',
        certificate: Buffer.from(certificate).toString('hex'),
      }),
    );
  });

  test('a certificate alone, when an entry names it', async () => {
    expect(await judge({ certificate: CERTIFICATES.named })).toEqual(
      letIn({
        method: 'certificate',
        boundTo: 'certificate',
        principal: {
          id: 'certificate:backup',
          kind: 'service',
          scopes: new Set(['files:read']),
        },
        credentialId: Buffer.from(CERTIFICATES.named).toString('hex'),
        expiresAt: Date.parse('2026-07-01T00:00:00Z'),
      }),
    );
  });

  test('the caller of the token, where a certificate comes with it', async () => {
    const authorization = `Bearer ${world.apiKeys.good}`;
    expect(await judge({ authorization, certificate: CERTIFICATES.named })).toEqual(
      letIn({ principal: expect.objectContaining({ id: 'key:ci' }) }),
    );
  });
});

describe('a certificate that ends before the credential', () => {
  const certificateEndsAt = NOW + 1000;
  const { named: certificate } = CERTIFICATES;
  const credentials = async () => [
    {},
    { authorization: `Bearer ${world.apiKeys.good}` },
    { authorization: `Bearer ${await world.token()}` },
    { authorization: `Bearer ${await world.token(boundTo({ certificate }))}` },
  ];

  test(
    verifies('E4.mutual', 'ends whatever it is presented with, also over a kept connection'),
    async () => {
      for (const parts of await credentials()) {
        const presented = { ...parts, certificate, certificateEndsAt };
        expect(await judge(presented)).toEqual(letIn({ expiresAt: certificateEndsAt }));
        expect(await judge(presented, { now: () => certificateEndsAt })).toEqual(ended('expired'));
      }
    },
  );

  test(verifies('E4.mutual', 'and never makes a credential last longer'), async () => {
    for (const parts of await credentials()) {
      const judged = (ends: { certificateEndsAt?: number }) =>
        world.authenticator().authenticate(presents({ ...parts, certificate, ...ends }));
      const [never, later] = [await judged({}), await judged({ certificateEndsAt: NOW * 2 })];
      if (!never.ok || !later.ok) throw new Error('not let in');
      expect(later.verified.expiresAt).toBe(never.verified.expiresAt);
    }
  });
});

test(
  verifies(
    'E4.replaced',
    'whoever comes with a certificate is known to, whatever else it presents',
  ),
  async () => {
    const { named: certificate } = CERTIFICATES;
    const hex = Buffer.from(certificate).toString('hex');
    const token = await world.token();
    for (const authorization of [`Bearer ${token}`, `Bearer ${world.apiKeys.good}`, undefined])
      expect(await judge({ authorization, certificate })).toEqual(letIn({ certificate: hex }));
  },
);

describe('does not let in', () => {
  test(verifies('C4.required', 'who presents nothing'), async () => {
    expect(await judge({})).toEqual(missing);
  });

  test(
    verifies('E4.mutual', 'who has a certificate of the CA and no entry: it is nobody'),
    async () => {
      expect(await judge({ certificate: CERTIFICATES.other })).toEqual(missing);
      expect(await judge({ certificate: CERTIFICATES.named }, { keys: () => undefined })).toEqual(
        missing,
      );
    },
  );

  test.each([
    ['withdrawn', 'certificate revoked'],
    ['expired', 'certificate expired'],
    ['listed', 'revoked'],
  ] as const)('who has a certificate that is %s', async (name, detail) => {
    expect(await judge({ certificate: CERTIFICATES[name] })).toEqual(ended(detail));
  });

  test(
    verifies('C4.required', 'a certificate in the place of a token that is refused'),
    async () => {
      const { named: certificate } = CERTIFICATES;
      for (const authorization of ['', 'Bearer ', 'Bearer x', `Bearer ${world.apiKeys.unknown}`])
        expect(await judge({ authorization, certificate })).toMatchObject({
          ok: false,
          problem: { kind: 'invalid' },
        });
    },
  );

  test(
    verifies('C13.revoked', 'whoever comes with a certificate that is on the list of revocations'),
    async () => {
      const { listed: certificate } = CERTIFICATES;
      const token = await world.token(boundTo({ certificate }));
      for (const authorization of [`Bearer ${token}`, `Bearer ${world.apiKeys.good}`])
        expect(await judge({ authorization, certificate })).toEqual(ended('revoked'));
    },
  );

  test(
    verifies('C13.rotation', 'whoever comes with a certificate that the file of keys has revoked'),
    async () => {
      const { withdrawn: certificate } = CERTIFICATES;
      const token = await world.token(boundTo({ certificate }));
      for (const authorization of [`Bearer ${token}`, `Bearer ${world.apiKeys.good}`])
        expect(await judge({ authorization, certificate })).toEqual(ended('withdrawn'));
    },
  );

  test.each([
    ['expired', 'API key expired'],
    ['withdrawn', 'API key revoked'],
    ['listed', 'revoked'],
    ['unknown', 'unknown API key'],
  ] as const)('an API key that is %s', async (name, detail) => {
    expect(await judge({ authorization: `Bearer ${world.apiKeys[name]}` })).toEqual(
      name === 'unknown' ? invalid(detail) : ended(detail),
    );
  });

  test(verifies('C13.revoked', 'a token that is on the list of revocations'), async () => {
    const token = await world.token({ jti: 'listed' });
    expect(await judge({ authorization: `Bearer ${token}` })).toEqual(ended('revoked'));
  });

  test(
    verifies('C12.failures', 'a token that has expired, which is told apart from a forged one'),
    async () => {
      const token = await world.token({ exp: NOW / 1000 - 1 });
      expect(await judge({ authorization: `Bearer ${token}` })).toEqual(
        ended('the token has expired'),
      );
      const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`;
      expect(await judge({ authorization: `Bearer ${forged}` })).toEqual(
        invalid('the signature does not verify'),
      );
    },
  );

  test('an opaque token, where nobody can be asked about it', async () => {
    expect(await judge({ authorization: 'Bearer 2YotnFZFEjr1zCsicMWpAA' })).toEqual(
      invalid('unknown kind of token'),
    );
  });

  test(verifies('C4.required', 'two tokens'), async () => {
    const [one, two] = [await world.token(), await world.token()];
    for (const authorization of [
      `Bearer ${one}, Bearer ${two}`,
      `Bearer ${one} ${two}`,
      `Bearer ${one},${two}`,
      `Bearer ${world.apiKeys.good}, Bearer ${two}`,
    ])
      expect(await judge({ authorization })).toEqual(invalid('malformed Authorization header'));
  });
});

describe('a bound token is no bearer token:', () => {
  const { named, other } = CERTIFICATES;

  test(verifies('E11.dpop', 'a stolen one without a proof'), async () => {
    const token = await world.token(boundTo({ key: world.sender }));
    expect(await judge({ authorization: `DPoP ${token}` })).toEqual(badProof('no proof'));
    expect(await judge({ authorization: `Bearer ${token}` })).toEqual(
      invalid('DPoP-bound token as a bearer token'),
    );
  });

  test(verifies('E11.dpop', 'a downgraded scheme, though the proof is good'), async () => {
    const token = await world.token(boundTo({ key: world.sender }));
    const proof = await proofFor(token);
    expect(await judge({ authorization: `Bearer ${token}`, proof })).toEqual(
      invalid('DPoP-bound token as a bearer token'),
    );
  });

  test(verifies('E11.dpop', 'a proof by the key of the thief'), async () => {
    const token = await world.token(boundTo({ key: world.sender }));
    const proof = await proofFor(token, world.thief);
    expect(await judge({ authorization: `DPoP ${token}`, proof })).toEqual(
      badProof('proof by another key'),
    );
  });

  test(
    verifies('E11.dpop', 'a proof that was seen on the way, with the same token again'),
    async () => {
      const token = await world.token(boundTo({ key: world.sender }));
      const presented = { authorization: `DPoP ${token}`, proof: await proofFor(token) };
      const singleUse = memoryOfUses();
      expect(await judge(presented, { singleUse })).toMatchObject({ ok: true });
      expect(await judge(presented, { singleUse })).toEqual(badProof('proof used again'));
    },
  );

  test('a proof that was made for another token, or for another method', async () => {
    const [token, second] = [
      await world.token(boundTo({ key: world.sender })),
      await world.token(boundTo({ key: world.sender })),
    ];
    const authorization = `DPoP ${token}`;
    expect(await judge({ authorization, proof: await proofFor(second) })).toEqual(
      badProof('proof for another token'),
    );
    const proof = await proofFor(token, world.sender, 'GET');
    expect(await judge({ authorization, proof })).toEqual(badProof('proof for another method'));
  });

  test('two proofs', async () => {
    const token = await world.token(boundTo({ key: world.sender }));
    const proof = `${await proofFor(token)}, ${await proofFor(token)}`;
    expect(await judge({ authorization: `DPoP ${token}`, proof })).toEqual(
      badProof('malformed proof'),
    );
  });

  test('one that nobody can say of whether its proof was used', async () => {
    const token = await world.token(boundTo({ key: world.sender }));
    const presented = { authorization: `DPoP ${token}`, proof: await proofFor(token) };
    expect(await judge(presented, { singleUse: UNREACHABLE })).toMatchObject({
      ok: false,
      problem: { kind: 'unavailable' },
    });
  });

  test(verifies('E11.certificate', 'one of a certificate, over another connection'), async () => {
    const authorization = `Bearer ${await world.token(boundTo({ certificate: named }))}`;
    for (const certificate of [undefined, other, named.subarray(0, 31)])
      expect(await judge({ authorization, certificate })).toEqual(
        invalid('token bound to another certificate'),
      );
  });

  test(
    verifies(
      'E11.certificate',
      'E11.dpop',
      'one of a certificate and a key, with only one of them',
    ),
    async () => {
      const token = await world.token(boundTo({ certificate: named, key: world.sender }));
      const authorization = `DPoP ${token}`;
      const proof = await proofFor(token);
      expect(await judge({ authorization, proof, certificate: named })).toEqual(
        letIn({ boundTo: 'dpop' }),
      );
      expect(await judge({ authorization, proof, certificate: other })).toMatchObject({
        ok: false,
      });
      expect(await judge({ authorization, proof })).toMatchObject({ ok: false });
      expect(await judge({ authorization, certificate: named })).toMatchObject({ ok: false });
      expect(await judge({ authorization: `Bearer ${token}`, certificate: named })).toMatchObject({
        ok: false,
      });
    },
  );

  test('one that is bound to what we do not know', async () => {
    for (const cnf of [{ 'x5t#S512': 'x' }, { jwk: world.sender.jwk }, {}, null]) {
      const authorization = `Bearer ${await world.token({ cnf })}`;
      expect(await judge({ authorization })).toMatchObject({ ok: false });
    }
  });
});

describe('a token that is bound to nothing', () => {
  test(verifies('E11.dpop', 'is refused under DPoP, with a proof and without'), async () => {
    const detail = invalid('token without a bound key under DPoP');
    for (const token of [await world.token(), world.apiKeys.good]) {
      const authorization = `DPoP ${token}`;
      expect(await judge({ authorization })).toEqual(detail);
      expect(await judge({ authorization, proof: await proofFor(token) })).toEqual(detail);
    }
  });

  test('is refused with a proof, which somebody believes to protect it', async () => {
    for (const token of [await world.token(), world.apiKeys.good]) {
      const presented = { authorization: `Bearer ${token}`, proof: await proofFor(token) };
      expect(await judge(presented)).toEqual(badProof('proof for a token without a bound key'));
    }
  });

  test(verifies('E11.required', 'is refused where senders have to be proved'), async () => {
    const strict = { requireSenderConstrained: true };
    for (const token of [await world.token(), world.apiKeys.good])
      for (const certificate of [undefined, CERTIFICATES.named])
        expect(await judge({ authorization: `Bearer ${token}`, certificate }, strict)).toEqual(
          invalid('bearer credential'),
        );
    expect(await judge({ certificate: CERTIFICATES.named }, strict)).toMatchObject({ ok: true });
  });
});

test('a proof without a token proves nothing, whatever certificate comes with it', async () => {
  const proof = await proofFor('');
  for (const certificate of [undefined, CERTIFICATES.named])
    expect(await judge({ proof, certificate })).toEqual(badProof('proof without a token'));
});

describe('time goes on', () => {
  test('while a verifier waits, and the token ends meanwhile', async () => {
    let now = NOW;
    const token = await world.token();
    const slow: TokenVerifier = {
      recognises: () => true,
      async verify() {
        now = NOW + 600_000;
        const principal = { id: 'x', kind: 'user', scopes: new Set<string>() } as const;
        const verified = { principal, method: 'jwt', expiresAt: NOW + 600_000 } as const;
        return { ok: true, verified, confirmation: {} };
      },
    };
    const authorization = `Bearer ${token}`;
    expect(await judge({ authorization }, { now: () => now, verifiers: [slow] })).toEqual(
      ended('expired'),
    );
  });

  test.each([Number.NaN, -1, NOW])('and an end of %d is over', async (expiresAt) => {
    const odd: TokenVerifier = {
      recognises: () => true,
      async verify() {
        const principal = { id: 'x', kind: 'user', scopes: new Set<string>() } as const;
        return { ok: true, verified: { principal, method: 'jwt', expiresAt }, confirmation: {} };
      },
    };
    expect(await judge({ authorization: 'Bearer x' }, { verifiers: [odd] })).toEqual(
      ended('expired'),
    );
  });

  test(verifies('C13.revoked', 'and a revocation counts from the next request on'), async () => {
    const authorization = `Bearer ${await world.token()}`;
    const revoked = [{ subject: 'alice', issuer: ISSUER }];
    expect(await judge({ authorization })).toMatchObject({ ok: true });
    expect(await judge({ authorization }, { revoked })).toEqual(ended('revoked'));
  });

  test('and a file of keys that changes is read anew for each request', async () => {
    const authorization = `Bearer ${world.apiKeys.good}`;
    let keys: World['keys'] | undefined = world.keys;
    const { authenticate } = world.authenticator({ keys: () => keys });
    expect(await authenticate(presents({ authorization }))).toMatchObject({ ok: true });
    keys = undefined;
    expect(await authenticate(presents({ authorization }))).toMatchObject({ ok: false });
  });
});

test(
  verifies(
    'C4.not-passed-on',
    'a key of ours goes to no other verifier, which would show it to somebody',
  ),
  async () => {
    const asked: string[] = [];
    const curious: TokenVerifier = {
      recognises: () => true,
      async verify(token) {
        asked.push(token);
        return { ok: false, problem: { kind: 'missing' } };
      },
    };
    const changes = { verifiers: [curious], keys: () => undefined };
    for (const token of [world.apiKeys.good, 'mcpk_', `${world.apiKeys.good}=`])
      expect(await judge({ authorization: `Bearer ${token}` }, changes)).toMatchObject({
        ok: false,
      });
    expect(asked).toEqual([]);
  },
);

test('an error of a part’s own is no answer at all, and never a yes', async () => {
  const broken = async (): Promise<never> => Promise.reject(new Error('a defect'));
  const authorization = `Bearer ${await world.token()}`;
  const verifiers = [{ recognises: () => true, verify: broken }];
  await expect(judge({ authorization }, { verifiers })).rejects.toThrow('a defect');
  const revocations = () => {
    throw new Error('a defect');
  };
  await expect(judge({ authorization }, { revocations })).rejects.toThrow('a defect');
});
