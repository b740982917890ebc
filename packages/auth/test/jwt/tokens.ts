import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';

export const ISSUER = 'https://as.example';
export const RESOURCE = 'https://files.example/mcp';

/** The time at which all these tests happen, in milliseconds. */
export const NOW = Date.UTC(2031, 4, 17, 9, 30);
export const SECONDS = NOW / 1000;

export interface Signer {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As a JWK Set holds it. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function signer(alg = 'ES256', kid: string = randomUUID()): Signer {
  const { privateKey, publicKey } = keyPair(alg);
  return {
    kid,
    alg,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
  };
}

function keyPair(alg: string): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (alg) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' });
    case 'EdDSA':
    case 'Ed25519':
      return generateKeyPairSync('ed25519');
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

/** All claims of an access token of RFC 9068, good at NOW. */
export function claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    sub: 'alice',
    client_id: 'desktop',
    aud: RESOURCE,
    iat: SECONDS - 10,
    exp: SECONDS + 290,
    jti: 'token-1',
    scope: 'files:read files:write',
    ...changes,
  };
}

export function header(
  { alg, kid }: Pick<Signer, 'alg' | 'kid'>,
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { alg, kid, typ: 'at+jwt', ...changes };
}

/** A token from the texts of its header and of its payload, signed as they are. */
export function signText(
  key: Signer,
  head: string,
  body: string | Uint8Array,
  alg = key.alg,
): string {
  const input = `${base64url(head)}.${base64url(body)}`;
  return `${input}.${signature(alg, key.privateKey, input).toString('base64url')}`;
}

export function token(
  key: Signer,
  changes: Readonly<Record<string, unknown>> = {},
  headerChanges: Readonly<Record<string, unknown>> = {},
): string {
  return signText(key, JSON.stringify(header(key, headerChanges)), JSON.stringify(claims(changes)));
}

/** A token whose signature is the HMAC with a secret of the attacker's choice. */
export function macToken(secret: string | Buffer, head: object, body: object): string {
  const input = `${base64url(JSON.stringify(head))}.${base64url(JSON.stringify(body))}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function base64url(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url');
}

function signature(alg: string, key: KeyObject, input: string): Buffer {
  const data = Buffer.from(input);
  const hash = `sha${alg.slice(-3)}`;
  if (alg.startsWith('Ed')) return sign(null, data, key);
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('RS')) return sign(hash, data, key);
  return sign(hash, data, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}
