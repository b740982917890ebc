import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { startAuthorizationServer } from './authorization-server/index.ts';
import { callRequest, ELSEWHERE, type HttpWorld } from './http-contract-world.ts';
import { type BoundToken, makeProof, makeProofKey } from './http-proof.ts';
import { verifies } from './verifies.ts';

/** Tests which credentials count, and that nothing runs for any other. */
export function testTokens(world: () => HttpWorld): void {
  describe('credentials that do not count', () => {
    testForeignTokens(world);
    testForgedTokens(world);
    testForms(world);
  });
  describe('tokens that are bound to a key', () => {
    testDpop(world);
  });
}

interface Outcome {
  readonly status: number;
  /** By which scheme it says to try again. */
  readonly scheme: string | undefined;
  readonly holds: boolean;
  /** Calls that ran: every call is in the trail before it is answered. */
  readonly ran: number;
}

const REFUSED: Outcome = { status: 401, scheme: 'Bearer', holds: false, ran: 0 };

/** Makes the contract's call with a credential. */
async function callWith(world: HttpWorld, authorization: string | undefined): Promise<Outcome> {
  const before = world.calls();
  const { status, headers, text } = await world.call(authorization);
  return {
    status,
    scheme: headers['www-authenticate']?.split(' ')[0],
    holds: text.includes(world.contract.call.holds),
    ran: world.calls() - before,
  };
}

function testForeignTokens(world: () => HttpWorld): void {
  test(verifies('C4.jwt', 'one that the issuer gave for this server does'), async () => {
    const outcome = await callWith(world(), `Bearer ${await world().token()}`);
    expect(outcome).toMatchObject({ status: 200, holds: true, ran: 1 });
  });

  test(verifies('C4.required', 'none'), async () => {
    expect(await callWith(world(), undefined)).toEqual(REFUSED);
  });

  test(verifies('C4.jwt', 'a token for another server'), async () => {
    const { issuer, contract, secrets, robot } = world();
    const { token } = await issuer.tokenFor({
      resource: ELSEWHERE,
      scope: contract.scope,
      clientId: robot.id,
    });
    secrets.add(token);
    expect(await callWith(world(), `Bearer ${token}`)).toEqual(REFUSED);
  });

  test(verifies('C4.jwt', 'a token for this server from another issuer'), async () => {
    const { resource, contract, secrets } = world();
    const { scope } = contract;
    const other = await startAuthorizationServer({ resources: { [resource]: { scope } } });
    try {
      const { token } = await other.tokenFor({ resource, scope });
      secrets.add(token);
      expect(await callWith(world(), `Bearer ${token}`)).toEqual(REFUSED);
    } finally {
      await other.close();
    }
  });

  test(verifies('C4.jwt', 'a token whose time is over'), async () => {
    const { resource, contract, issuer } = world();
    const { scope } = contract;
    issuer.addResource(resource, { scope, ttlSeconds: 1 });
    const token = await world().token();
    issuer.addResource(resource, { scope: world().scopes });
    const { exp } = payloadOf(token);
    await new Promise((resolve) => {
      setTimeout(resolve, Number(exp) * 1000 - Date.now() + 50);
    });
    expect(await callWith(world(), `Bearer ${token}`)).toEqual(REFUSED);
  });
}

function testForgedTokens(world: () => HttpWorld): void {
  const parts = async (): Promise<readonly [string, string, string]> => {
    const [header = '', payload = '', signature = ''] = (await world().token()).split('.');
    return [header, payload, signature];
  };

  test(verifies('C4.jwt', 'a token without a signature, that says so'), async () => {
    const [, payload] = await parts();
    const forged = `${encoded({ typ: 'at+jwt', alg: 'none' })}.${payload}.`;
    expect(await callWith(world(), `Bearer ${forged}`)).toEqual(REFUSED);
  });

  test(verifies('C4.jwt', 'a token that is signed with the issuer’s public key'), async () => {
    const [header, payload] = await parts();
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const answer = await fetch(`${world().issuer.issuer}/jwks`);
    const keys: readonly JsonWebKey[] = Object(await answer.json()).keys;
    const jwk = keys.find((key) => key['kid'] === kid) ?? {};
    const secret = createPublicKey({ key: jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const signed = `${encoded({ typ: 'at+jwt', alg: 'HS256', kid })}.${payload}`;
    const signature = createHmac('sha256', secret).update(signed).digest('base64url');
    expect(await callWith(world(), `Bearer ${signed}.${signature}`)).toEqual(REFUSED);
  });

  test(verifies('C4.jwt', 'a token with other contents under the same signature'), async () => {
    const [header, payload, signature] = await parts();
    const raised = encoded({
      ...JSON.parse(Buffer.from(payload, 'base64url').toString()),
      sub: 'alice',
    });
    expect(await callWith(world(), `Bearer ${header}.${raised}.${signature}`)).toEqual(REFUSED);
  });

  test(verifies('C4.jwt', 'the same token written otherwise'), async () => {
    const [header, payload, signature] = await parts();
    expect(await callWith(world(), `Bearer ${header}.${payload}.${signature}=`)).toEqual(REFUSED);
  });
}

function testForms(world: () => HttpWorld): void {
  test.each([
    ['without its scheme', (key: string) => key],
    ['under another scheme', (key: string) => `Basic ${key}`],
    ['beside another one', (key: string) => `Bearer ${key}, Bearer ${key}`],
    ['with another end', (key: string) => `Bearer ${key.slice(0, -7)}`],
  ])(verifies('C4.required', 'C4.keys', 'an API key %s'), async (_form, form) => {
    expect(await callWith(world(), form(world().keys.reader))).toEqual(REFUSED);
  });

  test(verifies('C4.required', 'an API key in the URL'), async () => {
    const { served, keys, calls, contract, witness } = world();
    const before = calls();
    const url = new URL(`${served.url.href}?access_token=${keys.reader}`);
    const { status } = await witness.send(callRequest(url, contract.call, undefined));
    expect(status).toBe(400);
    expect(calls()).toBe(before);
  });
}

function testDpop(world: () => HttpWorld): void {
  const bind = async (): Promise<BoundToken> => {
    const { issuer, resource, contract, secrets, robot } = world();
    const { scope } = contract;
    const dpopKey = await makeProofKey();
    const wish = { resource, scope, clientId: robot.id, dpopKey };
    const { token, type } = await issuer.tokenFor(wish);
    expect(type).toBe('dpop');
    secrets.add(token);
    return { token, dpopKey };
  };
  const send = (token: string, proof: string | undefined, scheme = 'DPoP') =>
    world().call(`${scheme} ${token}`, { headers: proof === undefined ? {} : { dpop: proof } });

  test(
    verifies('E11.dpop', 'a proof of the key counts, once, and the token counts with it only'),
    async () => {
      const { contract, resource, calls } = world();
      const bound = await bind();
      const { token } = bound;
      const proof = await makeProof(bound, resource);
      expect((await send(token, proof)).text).toContain(contract.call.holds);
      const before = calls();
      // Whoever saw the request has both.
      const replayed = await send(token, proof);
      expect(replayed.status).toBe(401);
      expect(replayed.headers['www-authenticate']).toContain('invalid_dpop_proof');
      expect((await send(token, undefined)).status).toBe(401);
      expect((await send(token, undefined, 'Bearer')).status).toBe(401);
      expect(calls()).toBe(before);
      // Its owner is not harmed by it.
      expect((await send(token, await makeProof(bound, resource))).status).toBe(200);
    },
  );

  test.each<readonly [string, (owner: BoundToken, thief: BoundToken) => Promise<string>]>([
    ['of another key', ({ token }, { dpopKey }) => makeProof({ token, dpopKey }, world().resource)],
    [
      'for another token',
      ({ dpopKey }, { token }) => makeProof({ token, dpopKey }, world().resource),
    ],
    ['for another server', (owner) => makeProof(owner, ELSEWHERE)],
  ])(verifies('E11.dpop', 'a proof %s is none'), async (_which, proofOf) => {
    const { calls } = world();
    const owner = await bind();
    const proof = await proofOf(owner, await bind());
    const before = calls();
    expect((await send(owner.token, proof)).status).toBe(401);
    expect(calls()).toBe(before);
  });
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function payloadOf(token: string): Readonly<Record<string, unknown>> {
  return Object(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
}
