import { createHash } from 'node:crypto';

import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose';

import type { SingleUse } from '../credential.ts';
import { asGenuine, deny, type Denial } from '../denial.ts';
import { type Proof, readProof } from './proof.ts';
import { normalisedTarget } from './target.ts';

/** How old a proof may be, the clock of its sender included. */
const PROOF_WINDOW_MS = 300_000;
/** How far the clock of a sender may be ahead. A proof that is ahead outlives a memory that begins anew. */
const PROOF_AHEAD_MS = 60_000;

/** The clocks of replicas that share single uses differ by less. */
const REPLICA_SKEW_MS = 60_000;

export interface DpopOptions {
  /** The URL of this resource as clients know it. Never made of a request's `Host`. */
  readonly resource: string;
  readonly singleUse: SingleUse;
  readonly now: () => number;
}

/** A proof, and what it has to fit. */
export interface ProofUse {
  readonly proof: string;
  readonly method: string;
  readonly token: string;
  /** The token's `cnf.jkt`. */
  readonly thumbprint: string;
  /** The id of the token's principal. */
  readonly owner: string;
  /** Awaited before the proof is used up. What it rejects with, `verify` rejects with. */
  admit(): Promise<void>;
}

/** Verifies proofs of possession (RFC 9449 §4.3) for tokens that are bound to a key. */
export interface DpopVerifier {
  /** Undefined when the proof holds. A proof that held once does not hold again. */
  verify(use: ProofUse): Promise<Denial | undefined>;
}

export function createDpopVerifier({ resource, singleUse, now }: DpopOptions): DpopVerifier {
  const target = normalisedTarget(resource);
  if (target === undefined) throw new TypeError('the resource is no HTTP URL');
  const began = now();
  return {
    async verify(use) {
      const proof = readProof(use.proof);
      if (proof === undefined) return deny('proof', 'malformed proof');
      const problem = claimsProblem(proof, use, target) ?? (await keyProblem(proof, use));
      if (problem !== undefined) return deny('proof', problem);
      // After its signature, so that it is known whose clock is wrong.
      if (!isOfNow(proof, now())) return asGenuine(deny('proof', 'proof of another time'));
      // Last, so that only who holds the key of a good token can fill the memory of used proofs, and
      // no faster than his messages are let through.
      await use.admit();
      const used = await useUp(proof, use, singleUse, now());
      // After a restart, all clients come with proofs that may have been used before it. Later on, who
      // comes with a used one may have stolen it.
      return used && madeAt(proof) < began ? asGenuine(used) : used;
    },
  };
}

function claimsProblem(
  { claims }: Proof,
  { method, token }: ProofUse,
  target: string,
): string | undefined {
  if (claims.htm !== method) return 'proof for another method';
  if (normalisedTarget(claims.htu) !== target) return 'proof for another URL';
  return claims.ath === sha256(token) ? undefined : 'proof for another token';
}

/** Written so that it does not hold for what is no number. */
function isOfNow({ claims }: Proof, now: number): boolean {
  const age = now - claims.iat * 1000;
  return age <= PROOF_WINDOW_MS && age >= -PROOF_AHEAD_MS;
}

async function keyProblem({ key, alg }: Proof, use: ProofUse): Promise<string | undefined> {
  if ((await calculateJwkThumbprint(key)) !== use.thumbprint) return 'proof by another key';
  try {
    await compactVerify(use.proof, await importJWK(key, alg), { algorithms: [alg] });
    return undefined;
  } catch {
    // Whatever is found wrong with a sender's key or signature, it proves nothing.
    return 'proof with a wrong signature';
  }
}

/**
 * The key of the memory is a digest: `jti` is the sender's text. It holds the thumbprint, so that
 * nobody can use up the ids of somebody else.
 */
async function useUp(
  proof: Proof,
  { thumbprint, owner }: ProofUse,
  singleUse: SingleUse,
  now: number,
): Promise<Denial | undefined> {
  const { claims } = proof;
  const key = `dpop:${thumbprint}:${sha256(claims.jti)}`;
  const endsAt = claims.iat * 1000 + PROOF_WINDOW_MS;
  const ttlMs = Math.ceil(endsAt - now) + REPLICA_SKEW_MS;
  let isFirst: boolean;
  try {
    isFirst = await singleUse.use(key, ttlMs, { owner, madeAt: madeAt(proof) });
  } catch {
    return deny('unavailable', 'used proofs cannot be looked up');
  }
  return isFirst ? undefined : deny('proof', 'proof used again');
}

/** Senders write whole seconds: it was made before the next one began. */
function madeAt({ claims }: Proof): number {
  return (Math.floor(claims.iat) + 1) * 1000 - 1;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
