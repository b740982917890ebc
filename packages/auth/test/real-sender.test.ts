import { randomUUID, webcrypto } from 'node:crypto';

import { createTestAuthority, type TestCertificate, verifies } from '@secure-mcp/testkit';
import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from '@secure-mcp/testkit/authorization-server';
import { customFetch, DPoP, protectedResourceRequest } from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Authenticator, Presented } from '../src/index.ts';
import {
  createAuthenticator,
  createDpopVerifier,
  createJwtVerifier,
  createRevocations,
} from '../src/network.ts';
import { memoryOfUses } from './helpers/proofs.ts';

const RESOURCE = 'https://files.example/mcp';
const WISH = { resource: RESOURCE, scope: 'files:read' };

let server: AuthorizationServerUnderTest;
let authenticator: Authenticator;

beforeAll(async () => {
  server = await startAuthorizationServer({
    resources: { [RESOURCE]: { scope: 'files:read' } },
    clients: [{ id: 'machine', secret: randomUUID(), bound: 'certificate' }],
  });
  const now = Date.now;
  authenticator = createAuthenticator({
    verifiers: [createJwtVerifier({ resource: RESOURCE, issuers: [{ issuer: server.issuer }] })],
    keys: () => undefined,
    dpop: createDpopVerifier({ resource: RESOURCE, singleUse: memoryOfUses(), now }),
    revocations: () => createRevocations([]),
    requireSenderConstrained: true,
    now,
  });
});

afterAll(() => server.close());

async function newKey(): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  return webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
}

/** What a client library of somebody else's sends for a token and a key. */
async function sentBy(
  token: string,
  key: webcrypto.CryptoKeyPair,
  url = RESOURCE,
): Promise<Presented> {
  let presented: Presented | undefined;
  await protectedResourceRequest(token, 'POST', new URL(url), undefined, null, {
    DPoP: DPoP({}, key),
    [customFetch]: async (_url, { headers, method }) => {
      presented = {
        authorization: headers['authorization'],
        proof: headers['dpop'],
        certificate: undefined,
        method,
      };
      return new Response();
    },
  });
  if (presented === undefined) throw new Error('nothing was sent');
  return presented;
}

describe('a token that a real authorization server bound to a key', () => {
  test('lets in its sender, each time with another proof', async () => {
    const key = await newKey();
    const { token, type } = await server.tokenFor({ ...WISH, dpopKey: key });
    expect(type).toBe('dpop');
    for (const path of ['', '', '?session=7']) {
      const presented = await sentBy(token, key, RESOURCE + path);
      expect(await authenticator.authenticate(presented)).toMatchObject({
        ok: true,
        verified: { method: 'jwt', boundTo: 'dpop', principal: { client: 'service' } },
      });
    }
  });

  test(
    verifies('E11.dpop', 'lets in nobody who copied it, with the proof or without'),
    async () => {
      const key = await newKey();
      const { token } = await server.tokenFor({ ...WISH, dpopKey: key });
      const seen = await sentBy(token, key);
      expect(await authenticator.authenticate(seen)).toMatchObject({ ok: true });
      const attempts = [
        seen,
        await sentBy(token, await newKey()),
        await sentBy(token, key, 'https://other.example/mcp'),
        { ...seen, proof: undefined },
        { ...seen, authorization: `Bearer ${token}` },
        { ...seen, authorization: `Bearer ${token}`, proof: undefined },
        { ...(await sentBy(token, key)), method: 'GET' },
      ];
      for (const attempt of attempts)
        expect(await authenticator.authenticate(attempt)).toMatchObject({ ok: false });
    },
  );
});

describe('a token that a real authorization server bound to a certificate', () => {
  const authority = createTestAuthority();
  const bearer = (token: string, { sha256 }: Pick<TestCertificate, 'sha256'>): Presented => ({
    authorization: `Bearer ${token}`,
    proof: undefined,
    certificate: sha256,
    method: 'POST',
  });

  test(
    verifies(
      'E11.certificate',
      'lets in over a connection with that certificate, and over no other',
    ),
    async () => {
      const own = authority.issueClient();
      const { token } = await server.tokenFor({
        ...WISH,
        clientId: 'machine',
        certificate: own.certificate,
      });
      expect(await authenticator.authenticate(bearer(token, own))).toMatchObject({
        ok: true,
        verified: { method: 'jwt', boundTo: 'certificate' },
      });
      const other = bearer(token, authority.issueClient());
      for (const attempt of [other, { ...other, certificate: undefined }])
        expect(await authenticator.authenticate(attempt)).toMatchObject({ ok: false });
    },
  );
});

test(verifies('E11.required', 'a token that is bound to nothing is not enough here'), async () => {
  const { token } = await server.tokenFor(WISH);
  const nothing = { proof: undefined, certificate: undefined, method: 'POST' };
  expect(
    await authenticator.authenticate({ authorization: `Bearer ${token}`, ...nothing }),
  ).toEqual({
    ok: false,
    problem: { kind: 'invalid', detail: 'bearer credential' },
  });
});
