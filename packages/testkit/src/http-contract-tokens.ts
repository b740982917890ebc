import { createHmac, createPublicKey, type JsonWebKey, type webcrypto } from 'node:crypto';

import * as oauth from 'oauth4webapi';
import { describe, expect, test } from 'vitest';

import { startAuthorizationServer } from './authorization-server/index.ts';
import { callRequest, ELSEWHERE, type HttpWorld } from './http-contract-world.ts';
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
  interface Bound {
    readonly token: string;
    readonly proofs: oauth.DPoPHandle;
    /** The last proof that was made. */
    proof(): string;
    /** With a fresh proof, of its own key unless told otherwise. */
    send(by?: oauth.DPoPHandle): Promise<Response>;
  }

  const bind = async (): Promise<Bound> => {
    const { issuer, resource, contract, secrets, robot, served, witness } = world();
    const dpopKey: webcrypto.CryptoKeyPair = await oauth.generateKeyPair('ES256');
    const { token, type } = await issuer.tokenFor({
      resource,
      scope: contract.scope,
      clientId: robot.id,
      dpopKey,
    });
    expect(type).toBe('dpop');
    secrets.add(token);
    const proofs = oauth.DPoP({}, dpopKey);
    const { headers, body = '' } = callRequest(served.url, contract.call, undefined);
    let last = '';
    const options = {
      // oxlint-disable-next-line typescript/no-deprecated -- the server under test is on loopback
      [oauth.allowInsecureRequests]: true,
      async [oauth.customFetch](url: string, init: { readonly headers: Record<string, string> }) {
        last = init.headers['dpop'] ?? '';
        return witness.fetch(url, { method: 'POST', headers: init.headers, body });
      },
    };
    const fields = new Headers({
      ...Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]),
      ),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    });
    return {
      token,
      proofs,
      proof: () => last,
      send: (by = proofs) =>
        oauth.protectedResourceRequest(token, 'POST', served.url, fields, body, {
          ...options,
          DPoP: by,
        }),
    };
  };

  test(
    verifies('E11.dpop', 'a proof of the key counts, once, and the token counts with it only'),
    async () => {
      const { contract, calls } = world();
      const bound = await bind();
      const answer = await bound.send();
      expect(await answer.text()).toContain(contract.call.holds);
      // Whoever saw the request has both.
      const before = calls();
      const replayed = await world().call(`DPoP ${bound.token}`, {
        headers: { dpop: bound.proof() },
      });
      expect(replayed.status).toBe(401);
      expect(replayed.headers['www-authenticate']).toContain('invalid_dpop_proof');
      const alone = await world().call(`DPoP ${bound.token}`);
      expect(alone.status).toBe(401);
      const stolen = await world().call(`Bearer ${bound.token}`);
      expect(stolen.status).toBe(401);
      expect(calls()).toBe(before);
      // Its owner is not harmed by it.
      expect((await bound.send()).status).toBe(200);
    },
  );

  test(verifies('E11.dpop', 'a proof of another key is none'), async () => {
    const { calls } = world();
    const owner = await bind();
    const thief = await bind();
    const before = calls();
    await expect(owner.send(thief.proofs)).rejects.toMatchObject({ status: 401 });
    expect(calls()).toBe(before);
  });
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function payloadOf(token: string): Readonly<Record<string, unknown>> {
  return Object(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
}
