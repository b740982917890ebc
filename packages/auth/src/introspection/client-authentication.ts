import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';

import { SignJWT } from 'jose';

/** What we authenticate with when we ask about a token: a shared secret, or a key of our own. */
export type IntrospectionClient =
  | { readonly id: string; readonly secret: string }
  | { readonly id: string; readonly privateKey: KeyObject; readonly kid?: string };

export interface ClientAuthentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Throws a TypeError for a client that no issuer could know: without an id, a secret or a fitting key. */
export function checkIntrospectionClient(client: IntrospectionClient): void {
  if (client.id === '') throw new TypeError('The client has no id.');
  if ('privateKey' in client) assertionAlgorithm(client.privateKey);
  else if (client.secret === '') throw new TypeError('The client has no secret.');
}

/** Long enough for a request and for clocks that differ, too short to be worth stealing. */
const ASSERTION_SECONDS = 60;

/** Authenticates one request to an issuer: `client_secret_basic`, or `private_key_jwt` (RFC 7523). */
export async function authenticateClient(
  client: IntrospectionClient,
  issuer: string,
  now: number,
): Promise<ClientAuthentication> {
  if ('secret' in client) {
    return { headers: { authorization: basic(client.id, client.secret) }, parameters: {} };
  }
  return {
    headers: {},
    parameters: {
      client_id: client.id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(client, issuer, now),
    },
  };
}

/** RFC 6749 §2.3.1: both parts are form-encoded first, or a colon in an id would end it. */
function basic(id: string, secret: string): string {
  const pair = `${formEncoded(id)}:${formEncoded(secret)}`;
  return `Basic ${Buffer.from(pair, 'latin1').toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** Its audience is the issuer alone, so that no other server can use it (RFC 7523bis). */
function assertion(
  { id, privateKey, kid }: Extract<IntrospectionClient, { privateKey: KeyObject }>,
  issuer: string,
  now: number,
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({
      alg: assertionAlgorithm(privateKey),
      ...(kid === undefined ? {} : { kid }),
    })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(issuer)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .sign(privateKey);
}

const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** The algorithm that fits a private key. Throws a TypeError for a key that cannot sign such assertions. */
function assertionAlgorithm(key: KeyObject): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const fitting =
    type === 'ec'
      ? CURVE_ALGORITHMS[details?.namedCurve ?? '']
      : { rsa: 'PS256', ed25519: 'EdDSA' }[String(type)];
  if (key.type !== 'private' || fitting === undefined) {
    throw new TypeError('The key of the client must be a private one, for EC, RSA or Ed25519.');
  }
  return fitting;
}
