import type { webcrypto } from 'node:crypto';

import * as oauth from 'oauth4webapi';

/** A token that is bound to a key, and the key. */
export interface BoundToken {
  readonly token: string;
  readonly dpopKey: webcrypto.CryptoKeyPair;
}

/** Makes a fresh proof for a request with a token, as an OAuth client does (RFC 9449 §4.2). */
export async function makeProof({ token, dpopKey }: BoundToken, url: string): Promise<string> {
  let proof = '';
  await oauth.protectedResourceRequest(token, 'POST', new URL(url), undefined, undefined, {
    DPoP: oauth.DPoP({}, dpopKey),
    // oxlint-disable-next-line typescript/no-deprecated -- a server under test is on loopback
    [oauth.allowInsecureRequests]: true,
    // Whoever sends the proof sends it by itself.
    [oauth.customFetch](_url, { headers }) {
      proof = headers['dpop'] ?? '';
      return Promise.resolve(new Response());
    },
  });
  return proof;
}

/** Makes a key for proofs. */
export function makeProofKey(): Promise<webcrypto.CryptoKeyPair> {
  return oauth.generateKeyPair('ES256');
}
