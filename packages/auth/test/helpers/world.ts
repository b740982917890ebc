import { createHash, randomUUID } from 'node:crypto';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { type Authenticator, type Presented, type SingleUse } from '../../src/index.ts';
import {
  type AuthenticatorOptions,
  createAuthenticator,
  createDpopVerifier,
  createJwtVerifier,
  createRevocations,
  type KeyFile,
  mintApiKey,
  parseKeyFile,
  type Revocation,
} from '../../src/network.ts';
import { makeSenderKey, memoryOfUses, type SenderKey } from './proofs.ts';

export const NOW = Date.parse('2026-06-15T12:00:00Z');
export const RESOURCE = 'https://mcp.example/mcp';
export const ISSUER = 'https://issuer.example';

/** Stand-ins for certificates in DER: of a certificate only the hash gets here. */
const hashOf = (der: string): Uint8Array => createHash('sha256').update(der).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

export const CERTIFICATES = {
  named: hashOf('a certificate that an entry names'),
  other: hashOf('a certificate that the CA signed for somebody else'),
  withdrawn: hashOf('a certificate whose entry is revoked'),
  expired: hashOf('a certificate whose entry has ended'),
  listed: hashOf('a certificate on the list of revocations'),
};

export interface World {
  /** The key that tokens are bound to, and one of a thief. */
  readonly sender: SenderKey;
  readonly thief: SenderKey;
  readonly apiKeys: Readonly<
    Record<'good' | 'expired' | 'withdrawn' | 'listed' | 'unknown', string>
  >;
  readonly keys: KeyFile;
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** An authenticator of everything here. */
  authenticator(changes?: Changes): Authenticator;
}

export interface Changes extends Partial<AuthenticatorOptions> {
  readonly singleUse?: SingleUse;
  readonly revoked?: readonly Revocation[];
}

/** Real keys, real tokens, a real file: everything that a request can present. */
export async function makeWorld(): Promise<World> {
  const [sender, thief] = await Promise.all([makeSenderKey(), makeSenderKey()]);
  const issuer = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(issuer.publicKey)), kid: '1', alg: 'ES256' }] };
  const verifier = createJwtVerifier({
    resource: RESOURCE,
    issuers: [{ issuer: ISSUER, jwks: () => jwks }],
    now: () => NOW,
  });
  const apiKeys = {
    good: mintApiKey().text,
    expired: mintApiKey().text,
    withdrawn: mintApiKey().text,
    listed: mintApiKey().text,
    unknown: mintApiKey().text,
  };
  const keys = keyFile(apiKeys);
  const listed: readonly Revocation[] = [
    { key: apiKeys.listed.slice(5, 17) },
    { certificate: hex(CERTIFICATES.listed) },
    { issuer: ISSUER, tokenId: 'listed' },
  ];
  return {
    sender,
    thief,
    apiKeys,
    keys,
    token: async (claims = {}) =>
      new SignJWT({ ...CLAIMS, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: '1' })
        .sign(issuer.privateKey),
    authenticator({ singleUse = memoryOfUses(), revoked = listed, ...changes } = {}) {
      const now = changes.now ?? (() => NOW);
      const revocations = createRevocations(revoked, now);
      return createAuthenticator({
        verifiers: [verifier],
        keys: () => keys,
        dpop: createDpopVerifier({ resource: RESOURCE, singleUse, now }),
        revocations: () => revocations,
        requireSenderConstrained: false,
        now,
        ...changes,
      });
    },
  };
}

const CLAIMS = {
  iss: ISSUER,
  sub: 'alice',
  aud: RESOURCE,
  client_id: 'editor',
  scope: 'files:read',
  iat: NOW / 1000 - 60,
  exp: NOW / 1000 + 600,
};

function keyFile(apiKeys: World['apiKeys']): KeyFile {
  const times = { notBefore: '2026-06-01T00:00:00Z', expiresAt: '2026-07-01T00:00:00Z' };
  const entry = (text: string, principal: string, fields: object = {}) => ({
    id: text.slice(5, 17),
    sha256: createHash('sha256').update(text).digest('hex'),
    principal,
    scopes: ['files:read'],
    ...times,
    ...fields,
  });
  const identity = (sha256: Uint8Array, principal: string, fields: object = {}) => ({
    certificate: hex(sha256),
    principal,
    scopes: ['files:read'],
    ...times,
    ...fields,
  });
  const parsed = parseKeyFile(
    {
      version: 1,
      keys: [
        entry(apiKeys.good, 'ci'),
        entry(apiKeys.expired, 'old', { expiresAt: '2026-06-15T12:00:00Z' }),
        entry(apiKeys.withdrawn, 'gone', { revokedAt: '2026-06-10T00:00:00Z' }),
        entry(apiKeys.listed, 'listed'),
      ],
      certificates: [
        identity(CERTIFICATES.named, 'backup'),
        identity(CERTIFICATES.withdrawn, 'gone', { revokedAt: '2026-06-10T00:00:00Z' }),
        identity(CERTIFICATES.expired, 'old', { expiresAt: '2026-06-15T12:00:00Z' }),
        identity(CERTIFICATES.listed, 'listed'),
      ],
    },
    NOW,
  );
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.file;
}

/** The `cnf` claim of a token that is bound to a certificate, to a key, or to both. */
export function boundTo({ certificate, key }: { certificate?: Uint8Array; key?: SenderKey }) {
  return {
    cnf: {
      ...(certificate !== undefined && { 'x5t#S256': base64url(certificate) }),
      ...(key !== undefined && { jkt: key.thumbprint }),
    },
  };
}

export function presents(parts: Partial<Presented>): Presented {
  return {
    authorization: undefined,
    proof: undefined,
    certificate: undefined,
    method: 'POST',
    ...parts,
  };
}
