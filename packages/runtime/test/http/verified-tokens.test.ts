import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { createJwtVerifier } from '@secure-mcp/auth/network';
import { expect, test } from 'vitest';

import { rememberVerified } from '../../src/http/verified-tokens.ts';

const ISSUER = 'https://issuer.example';
const RESOURCE = 'https://server.example/mcp';

interface Signer {
  readonly jwk: object;
  readonly privateKey: KeyObject;
}

function signer(kid: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  return { jwk, privateKey };
}

function tokenOf({ privateKey }: Signer, kid: string, jti = 'one'): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: RESOURCE, sub: 'a', client_id: 'a', jti, iat, exp: iat + 60 };
  const signed = [
    { alg: 'ES256', kid, typ: 'at+jwt' },
    { ...claims, scope: 'test:read' },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** The real verifier, whose work is counted, and an issuer that can take its keys back. */
function world() {
  const at = { ms: 0 };
  const issuer: { keys: object[]; asked: number } = { keys: [], asked: 0 };
  const jwks = () => {
    issuer.asked += 1;
    return { keys: issuer.keys };
  };
  const verifier = createJwtVerifier({
    resource: RESOURCE,
    issuers: [{ issuer: ISSUER, jwks }],
  });
  const verified: string[] = [];
  const counted = {
    ...verifier,
    verify(token: string) {
      verified.push(token);
      return verifier.verify(token);
    },
  };
  return { at, issuer, verified, remembered: rememberVerified(counted, () => at.ms) };
}

test('a token is verified once in a second, however many requests bring it', async () => {
  const { at, issuer, verified, remembered } = world();
  const one = signer('one');
  issuer.keys = [one.jwk];
  const token = tokenOf(one, 'one');
  const outcomes = await Promise.all(Array.from({ length: 64 }, () => remembered.verify(token)));
  expect(outcomes.every(({ ok }) => ok)).toBe(true);
  expect(verified).toHaveLength(1);
  at.ms = 999;
  await remembered.verify(token);
  expect(verified).toHaveLength(1);
  at.ms = 1000;
  await remembered.verify(token);
  expect(verified).toHaveLength(2);
});

test('a key that is taken back ends its tokens with the reload', async () => {
  const { issuer, remembered } = world();
  const one = signer('one');
  issuer.keys = [one.jwk];
  const token = tokenOf(one, 'one');
  await expect(remembered.verify(token)).resolves.toMatchObject({ ok: true });
  issuer.keys = [signer('two').jwk];
  await remembered.reload();
  await expect(remembered.verify(token)).resolves.toMatchObject({ ok: false });
});

test('what is verified while the keys are read again is not remembered', async () => {
  const { issuer, remembered } = world();
  const one = signer('one');
  issuer.keys = [one.jwk];
  const token = tokenOf(one, 'one');
  await remembered.verify(tokenOf(one, 'one', 'another'));
  issuer.keys = [signer('two').jwk];
  const reloading = remembered.reload();
  const meanwhile = remembered.verify(token);
  await Promise.all([reloading, meanwhile]);
  await expect(remembered.verify(token)).resolves.toMatchObject({ ok: false });
});

test('a refusal is not remembered, and another text is another token', async () => {
  const { issuer, verified, remembered } = world();
  const one = signer('one');
  const token = tokenOf(one, 'one');
  await expect(remembered.verify(token)).resolves.toMatchObject({ ok: false });
  await expect(remembered.verify(token)).resolves.toMatchObject({ ok: false });
  expect(verified).toHaveLength(2);
  issuer.keys = [one.jwk];
  await remembered.reload();
  await expect(remembered.verify(token)).resolves.toMatchObject({ ok: true });
  const forged = `${token.slice(0, -8)}AAAAAAAA`;
  await expect(remembered.verify(forged)).resolves.toMatchObject({ ok: false });
  expect(verified).toHaveLength(4);
});

test('remembering is bounded: the oldest is forgotten first', async () => {
  const { issuer, verified, remembered } = world();
  const one = signer('one');
  issuer.keys = [one.jwk];
  const tokens = Array.from({ length: 1025 }, (_, at) => tokenOf(one, 'one', String(at)));
  for (const token of tokens) await remembered.verify(token);
  await remembered.verify(tokens[1024] ?? '');
  expect(verified).toHaveLength(1025);
  await remembered.verify(tokens[0] ?? '');
  expect(verified).toHaveLength(1026);
});
