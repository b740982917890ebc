import type { JWK } from 'jose';
import * as z from 'zod';

import { type Algorithm, DEFAULT_ALGORITHMS } from '../jwt/algorithms.ts';
import { readCompact } from '../jwt/compact.ts';
import { verificationKey } from '../jwt/key-policy.ts';

/**
 * What proofs may be signed with, for the metadata and the challenge. Asymmetric only: the key comes
 * with the proof, so a shared one would be known to everybody who sees it.
 */
export const DPOP_ALGORITHMS = DEFAULT_ALGORITHMS;

/** Room for a proof by an RSA key of 4096 bits; too small to be worth sending as a flood. */
const PROOF_CHARACTERS_MAX = 4096;

const header = z.object({
  typ: z.literal('dpop+jwt'),
  alg: z.enum(DPOP_ALGORITHMS),
  jwk: z.unknown(),
  // Extensions that would have to be understood (RFC 7515 §4.1.11) are not.
  crit: z.undefined().optional(),
});

const payload = z.object({
  jti: z.string().min(1).max(512),
  htm: z.string().max(32),
  htu: z.string().max(2048),
  iat: z.number(),
  ath: z.string().max(64),
});

/** What a proof says, before its signature is verified. */
export interface Proof {
  readonly alg: Algorithm;
  /** Public members only; who sends a private one has given the key away, and is refused. */
  readonly key: JWK;
  readonly claims: z.output<typeof payload>;
}

/** Reads a proof, or undefined when it is no DPoP proof for the use of a token (RFC 9449 §4.2). */
export function readProof(text: string): Proof | undefined {
  const compact = text.length <= PROOF_CHARACTERS_MAX ? readCompact(text) : undefined;
  const head = header.safeParse(compact?.header);
  const claims = payload.safeParse(compact?.payload);
  if (!head.success || !claims.success) return undefined;
  const { alg, jwk } = head.data;
  const key = verificationKey(jwk);
  return key === undefined ? undefined : { alg, key, claims: claims.data };
}
