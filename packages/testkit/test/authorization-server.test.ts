import { createHash, randomBytes, webcrypto } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from '../src/authorization-server/index.ts';

const FILES = 'https://files.example/mcp';
const OPAQUE = 'https://opaque.example/mcp';

let server: AuthorizationServerUnderTest;

beforeAll(async () => {
  server = await startAuthorizationServer({
    resources: {
      [FILES]: { scope: 'files:read files:write' },
      [OPAQUE]: { scope: 'files:read', format: 'opaque' },
    },
    clients: [{ id: 'bound', secret: 'a secret of the bound client', bound: 'certificate' }],
  });
});

afterAll(() => server.close());

function partsOf(token: string) {
  return token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
}

describe('the authorization server', () => {
  test('issues JWT access tokens of RFC 9068 to a client', async () => {
    const { token, type } = await server.tokenFor({ resource: FILES, scope: 'files:read' });
    const [header, payload] = partsOf(token);
    expect(type).toBe('bearer');
    expect(header).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
    expect(payload).toMatchObject({
      iss: server.issuer,
      aud: FILES,
      sub: 'service',
      client_id: 'service',
      scope: 'files:read',
    });
  });

  test('lets a person sign in and allow what a client asks for', async () => {
    const { token } = await server.tokenFor({
      account: 'alice',
      resource: FILES,
      scope: 'files:read files:write',
    });
    const [, payload] = partsOf(token);
    expect(payload).toMatchObject({ sub: 'alice', client_id: 'desktop', aud: FILES });
    expect(payload.scope).toBe('files:read files:write');
  });

  test('binds tokens to a DPoP key', async () => {
    const dpopKey = await webcrypto.subtle.generateKey(
      { name: 'ECDSA', namedCurve: 'P-256' },
      true,
      ['sign', 'verify'],
    );
    const wish = { resource: FILES, scope: 'files:read', dpopKey };
    const { token, type } = await server.tokenFor(wish);
    expect(type).toBe('dpop');
    const { x, y } = await webcrypto.subtle.exportKey('jwk', dpopKey.publicKey);
    const jkt = createHash('sha256')
      .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
      .digest('base64url');
    expect(partsOf(token)[1].cnf).toEqual({ jkt });
  });

  test('binds tokens to the certificate that its proxy saw', async () => {
    const certificate = randomBytes(300);
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----`;
    const { token } = await server.tokenFor({
      clientId: 'bound',
      resource: FILES,
      scope: 'files:read',
      certificate: pem,
    });
    const thumbprint = createHash('sha256').update(certificate).digest('base64url');
    expect(partsOf(token)[1].cnf).toEqual({ 'x5t#S256': thumbprint });
  });

  test('signs with new keys after a rotation, and publishes the former ones until they are withdrawn', async () => {
    const kids = async () => {
      const response = await fetch(`${server.issuer}/jwks`);
      const document: { keys: { kid: string }[] } = JSON.parse(await response.text());
      return document.keys.map(({ kid }) => kid);
    };
    const wish = { resource: FILES, scope: 'files:read' };
    const first = partsOf((await server.tokenFor(wish)).token)[0].kid;
    server.rotateKeys();
    const second = partsOf((await server.tokenFor(wish)).token)[0].kid;
    expect(await kids()).toEqual([second, first]);
    server.rotateKeys({ withdraw: true });
    expect(await kids()).toHaveLength(1);
    expect(await kids()).not.toContain(second);
  });

  test('issues opaque tokens, tells their resource server about them, and revokes them', async () => {
    const { token } = await server.tokenFor({ resource: OPAQUE, scope: 'files:read' });
    expect(token).not.toContain('.');
    const { id, secret } = server.introspector;
    const introspect = async () => {
      const response = await fetch(`${server.issuer}/token/introspection`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ token }),
      });
      return response.json();
    };
    expect(await introspect()).toMatchObject({ active: true, aud: OPAQUE, client_id: 'service' });
    await server.revoke(token);
    expect(await introspect()).toEqual({ active: false });
  });
});
