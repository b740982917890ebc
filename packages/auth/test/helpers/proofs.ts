import { createHash, randomUUID } from 'node:crypto';

import {
  calculateJwkThumbprint,
  CompactSign,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
} from 'jose';

import type { SingleUse } from '../../src/index.ts';

/** The key of a sender, and its thumbprint as a token is bound to it. */
export interface SenderKey {
  readonly privateKey: CryptoKey;
  readonly privateJwk: JWK;
  readonly jwk: JWK;
  readonly alg: string;
  readonly thumbprint: string;
}

export async function makeSenderKey(alg = 'ES256'): Promise<SenderKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const [jwk, privateJwk] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)]);
  return { privateKey, privateJwk, jwk, alg, thumbprint: await calculateJwkThumbprint(jwk) };
}

export interface ProofParts {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface ProofPurpose {
  readonly url: string;
  readonly method: string;
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A proof as RFC 9449 §4.2 wants it, but for the parts that a test replaces. */
export async function makeProof(
  key: SenderKey,
  { url, method, token, now }: ProofPurpose,
  { header, claims }: ProofParts = {},
): Promise<string> {
  const payload = {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(now / 1000),
    ath: athOf(token),
    ...claims,
  };
  const protectedHeader = { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader(protectedHeader)
    .sign(key.privateKey);
}

export function athOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Takes a proof apart, so that a test can forge one. */
export function partsOf(proof: string): readonly [header: string, payload: string, sig: string] {
  const [header = '', payload = '', signature = ''] = proof.split('.');
  return [header, payload, signature];
}

export function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Single uses in this process, and how long each was asked to be kept. */
export function memoryOfUses(): SingleUse & { readonly kept: Map<string, number> } {
  const kept = new Map<string, number>();
  return {
    kept,
    async use(key, ttlMs) {
      const isFirst = !kept.has(key);
      if (isFirst) kept.set(key, ttlMs);
      return isFirst;
    },
  };
}

/** A store that cannot be reached. */
export const UNREACHABLE: SingleUse = {
  use: async () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:6379')),
};
