import { verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createJwtVerifier } from '../src/network.ts';
import { json, type OddIssuer, startOddIssuer, status } from './helpers/odd-issuer.ts';
import { NOW, RESOURCE, signer, token } from './jwt/tokens.ts';

const key = signer();

let server: OddIssuer;

beforeEach(async () => {
  server = await startOddIssuer();
  server.answer('/jwks', json({ keys: [key.jwk] }));
});

afterEach(() => server.close());

async function verdict(issuer: string): Promise<string> {
  const verifier = createJwtVerifier({ resource: RESOURCE, issuers: [{ issuer }], now: () => NOW });
  const outcome = await verifier.verify(token(key, { iss: issuer }));
  return outcome.ok ? 'ok' : outcome.problem.kind;
}

function metadata(changes: Readonly<Record<string, unknown>> = {}, issuer = server.issuer) {
  return json({ issuer, jwks_uri: `${server.issuer}/jwks`, ...changes });
}

const RFC_8414 = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

describe('discovery', () => {
  test.each([RFC_8414, OPENID])(
    verifies('C4.issuer-keys', 'the metadata of an issuer is found at %s'),
    async (path) => {
      server.answer(path, metadata());
      expect(await verdict(server.issuer)).toBe('ok');
    },
  );

  test.each([`${RFC_8414}/tenant/one`, `${OPENID}/tenant/one`, `/tenant/one${OPENID}`])(
    verifies('C4.issuer-keys', 'the metadata of an issuer of an issuer with a path is found at %s'),
    async (path) => {
      const issuer = `${server.issuer}/tenant/one`;
      server.answer(path, metadata({}, issuer));
      expect(await verdict(issuer)).toBe('ok');
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'the metadata of an issuer of an issuer with a slash at its end is found as well, and is not the same issuer',
    ),
    async () => {
      server.answer(RFC_8414, metadata({}, `${server.issuer}/`));
      expect(await verdict(`${server.issuer}/`)).toBe('ok');
      expect(await verdict(server.issuer)).toBe('unavailable');
    },
  );

  test(verifies('C4.issuer-keys', 'the metadata of an issuer is asked for once'), async () => {
    server.answer(RFC_8414, metadata());
    const issuers = [{ issuer: server.issuer }];
    const verifier = createJwtVerifier({ resource: RESOURCE, issuers, now: () => NOW });
    const text = token(key, { iss: server.issuer });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(text)));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(server.asked(RFC_8414)).toBe(1);
    expect(server.asked('/jwks')).toBe(1);
  });

  test(
    verifies('C4.issuer-keys', 'the metadata of an issuer is asked for again after a failure'),
    async () => {
      let now = NOW;
      const issuers = [{ issuer: server.issuer }];
      const verifier = createJwtVerifier({ resource: RESOURCE, issuers, now: () => now });
      const text = token(key, { iss: server.issuer });
      expect(await verifier.verify(text)).toMatchObject({ problem: { kind: 'unavailable' } });
      server.answer(RFC_8414, metadata());
      now += 5000;
      expect(await verifier.verify(text)).toMatchObject({ ok: true });
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'the metadata of an issuer is asked for again by a reload, so that keys may move',
    ),
    async () => {
      server.answer(RFC_8414, metadata());
      const issuers = [{ issuer: server.issuer }];
      const verifier = createJwtVerifier({ resource: RESOURCE, issuers, now: () => NOW });
      const text = token(key, { iss: server.issuer });
      expect(await verifier.verify(text)).toMatchObject({ ok: true });
      server.answer(RFC_8414, metadata({ jwks_uri: `${server.issuer}/moved` }));
      server.answer('/moved', json({ keys: [] }));
      await verifier.reload();
      expect(server.asked('/moved')).toBe(1);
      expect(await verifier.verify(text)).toMatchObject({ problem: { kind: 'invalid' } });
    },
  );

  test.each<readonly [what: string, changes: Record<string, unknown>]>([
    ['names another issuer', { issuer: 'https://evil.example' }],
    ['names no issuer', { issuer: undefined }],
    ['names no keys', { jwks_uri: undefined }],
    ['names keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['names keys on another host without TLS', { jwks_uri: 'http://keys.example/jwks' }],
    ['names keys behind a password', { jwks_uri: 'https://a:b@keys.example/jwks' }],
    ['names keys that are no URL', { jwks_uri: '/jwks' }],
    ['names introspection without TLS', { introspection_endpoint: 'http://as.example/introspect' }],
  ])(
    verifies('C4.issuer-keys', 'the metadata of an issuer that %s lets nobody in'),
    async (_, changes) => {
      server.answer(RFC_8414, metadata(changes));
      expect(await verdict(server.issuer)).toBe('unavailable');
      expect(server.asked('/jwks')).toBe(0);
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'the metadata of an issuer that is behind a redirect lets nobody in',
    ),
    async () => {
      server.answer(RFC_8414, status(302, { location: '/elsewhere' }));
      server.answer('/elsewhere', metadata());
      expect(await verdict(server.issuer)).toBe('unavailable');
      expect(server.asked('/elsewhere')).toBe(0);
    },
  );

  test(
    verifies(
      'C4.issuer-keys',
      'the metadata of an issuer of an issuer with TLS may not send us to this machine',
    ),
    async () => {
      const asked: string[] = [];
      const issuer = 'https://as.example';
      const verifier = createJwtVerifier({
        resource: RESOURCE,
        issuers: [{ issuer }],
        now: () => NOW,
        // The issuer is elsewhere; its answer is what a compromised one would send.
        fetch: async (url) => {
          asked.push(url);
          return Response.json({ issuer, jwks_uri: `${server.issuer}/jwks` });
        },
      });
      expect(await verifier.verify(token(key, { iss: issuer }))).toMatchObject({
        problem: { kind: 'unavailable', detail: expect.stringContaining('not https') },
      });
      expect(asked).toEqual([`${issuer}${RFC_8414}`]);
    },
  );
});
