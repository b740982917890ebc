import { generateKeyPairSync, webcrypto } from 'node:crypto';

import { verifies } from '@secure-mcp/testkit';
import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from '@secure-mcp/testkit/authorization-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createIntrospection, createJwtVerifier, type JwtVerifier } from '../src/network.ts';

const FILES = 'https://files.example/mcp';
const OTHER = 'https://other.example/mcp';
const OPAQUE = 'https://opaque.example/mcp';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let server: AuthorizationServerUnderTest;
let verifier: JwtVerifier;

beforeAll(async () => {
  server = await startAuthorizationServer({
    resources: {
      [FILES]: { scope: 'files:read files:write' },
      [OTHER]: { scope: 'files:read' },
      [OPAQUE]: { scope: 'files:read', format: 'opaque' },
    },
    clients: [
      {
        id: 'resource-server-with-key',
        publicKey: key.publicKey.export({ format: 'jwk' }),
        introspects: true,
      },
    ],
  });
  verifier = createJwtVerifier({ resource: FILES, issuers: [{ issuer: server.issuer }] });
});

afterAll(() => server.close());

const read = { resource: FILES, scope: 'files:read' };

async function verdict(token: string): Promise<string> {
  const outcome = await verifier.verify(token);
  return outcome.ok ? 'ok' : outcome.problem.kind;
}

describe('real tokens', () => {
  test(
    verifies(
      'C4.jwt',
      'tokens of a real authorization server say who a client is, and who a person is',
    ),
    async () => {
      const client = await server.tokenFor(read);
      expect(await verifier.verify(client.token)).toMatchObject({
        ok: true,
        verified: {
          principal: { kind: 'service', client: 'service', scopes: new Set(['files:read']) },
        },
      });
      const person = await server.tokenFor({ ...read, account: 'alice' });
      expect(await verifier.verify(person.token)).toMatchObject({
        ok: true,
        verified: { principal: { id: `${server.issuer}|alice`, kind: 'user', client: 'desktop' } },
      });
    },
  );

  test(
    verifies(
      'C4.jwt',
      'tokens of a real authorization server for another resource of the same issuer are refused',
    ),
    async () => {
      const { token } = await server.tokenFor({ resource: OTHER, scope: 'files:read' });
      expect(await verdict(token)).toBe('invalid');
    },
  );

  test('name the key that they are bound to', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const dpopKey = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const { token } = await server.tokenFor({ ...read, dpopKey });
    expect(await verifier.verify(token)).toMatchObject({
      ok: true,
      confirmation: { dpopKey: expect.stringMatching(/^[\w-]{43}$/) },
    });
  });

  test(
    verifies(
      'C4.issuer-keys',
      'tokens of a real authorization server follow a rotation of its keys without a pause, and end with a withdrawal',
    ),
    async () => {
      const before = await server.tokenFor(read);
      expect(await verdict(before.token)).toBe('ok');
      server.rotateKeys();
      const after = await server.tokenFor(read);
      expect(await verdict(after.token)).toBe('ok');
      expect(await verdict(before.token)).toBe('ok');
      server.rotateKeys({ withdraw: true });
      await verifier.reload();
      expect(await verdict(before.token)).toBe('invalid');
      expect(await verdict(after.token)).toBe('invalid');
      expect(await verdict((await server.tokenFor(read)).token)).toBe('ok');
    },
  );

  test(
    verifies(
      'C4.introspection',
      'tokens of a real authorization server that are opaque are asked about, and end when they are revoked',
    ),
    async () => {
      const opaque = createIntrospection({
        resource: OPAQUE,
        issuer: server.issuer,
        client: () => server.introspector,
      });
      const { token } = await server.tokenFor({ resource: OPAQUE, scope: 'files:read' });
      expect(opaque.recognises(token)).toBe(true);
      expect(await opaque.verify(token)).toMatchObject({
        ok: true,
        verified: {
          method: 'introspection',
          principal: { client: 'service', scopes: new Set(['files:read']) },
          credentialId: expect.stringMatching(/^sha256:/),
        },
      });
      await server.revoke(token);
      opaque.reload();
      expect(await opaque.verify(token)).toMatchObject({ problem: { kind: 'invalid' } });
      expect(await opaque.verify('never-issued')).toMatchObject({ problem: { kind: 'invalid' } });
    },
  );

  test('are told to whoever signs the question with its own key', async () => {
    const opaque = createIntrospection({
      resource: OPAQUE,
      issuer: server.issuer,
      client: () => ({ id: 'resource-server-with-key', privateKey: key.privateKey }),
    });
    const { token } = await server.tokenFor({ resource: OPAQUE, scope: 'files:read' });
    expect(await opaque.verify(token)).toMatchObject({ ok: true });
    expect(await opaque.verify(token.slice(1))).toMatchObject({ problem: { kind: 'invalid' } });
  });

  test('for a resource that came later are issued as well', async () => {
    const later = 'http://127.0.0.1:65535/mcp';
    await expect(server.tokenFor({ resource: later, scope: 'a:b' })).rejects.toThrow();
    server.addResource(later, { scope: 'a:b' });
    const { token } = await server.tokenFor({ resource: later, scope: 'a:b' });
    const local = createJwtVerifier({ resource: later, issuers: [{ issuer: server.issuer }] });
    expect(await local.verify(token)).toMatchObject({ ok: true });
    expect(await verdict(token)).toBe('invalid');
  });

  test(
    verifies(
      'C4.introspection',
      'tokens of a real authorization server that are opaque and for another resource are refused',
    ),
    async () => {
      const opaque = createIntrospection({
        resource: FILES,
        issuer: server.issuer,
        client: () => server.introspector,
      });
      const { token } = await server.tokenFor({ resource: OPAQUE, scope: 'files:read' });
      expect(await opaque.verify(token)).toMatchObject({ problem: { kind: 'invalid' } });
    },
  );

  test('cannot be asked about by whoever is no resource server', async () => {
    const stranger = createIntrospection({
      resource: OPAQUE,
      issuer: server.issuer,
      client: () => ({ id: server.introspector.id, secret: 'guessed' }),
    });
    const { token } = await server.tokenFor({ resource: OPAQUE, scope: 'files:read' });
    expect(await stranger.verify(token)).toMatchObject({ problem: { kind: 'unavailable' } });
  });
});
