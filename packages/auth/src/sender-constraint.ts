import { timingSafeEqual } from 'node:crypto';

import type { Credentials } from './authorization-header.ts';
import type { Confirmation, Presented, Verified } from './credential.ts';
import { deny, type Denial } from './denial.ts';
import type { DpopVerifier } from './dpop/verifier.ts';

export interface ConstraintRules {
  readonly dpop: DpopVerifier;
  /** True where a bearer credential is not enough. */
  readonly required: boolean;
}

/** A token that its issuer vouches for. */
export interface BoundToken {
  readonly confirmation: Confirmation;
  readonly verified: Verified;
}

export type Constraint = { readonly ok: true; readonly boundTo: Verified['boundTo'] } | Denial;

/**
 * Holds a token to its sender. All that the token names has to be proved; a proof for a token that names
 * none is refused as well, because somebody has taken the binding for granted.
 *
 * The scheme has to fit too (RFC 9449 §7.2): a bound token that is accepted under `Bearer` is a bearer
 * token for whoever stole it.
 */
export async function checkSender(
  { scheme, token }: Credentials,
  presented: Presented,
  { confirmation, verified }: BoundToken,
  { dpop, required }: ConstraintRules,
): Promise<Constraint> {
  const { certificate, dpopKey } = confirmation;
  if (certificate !== undefined && !isSameCertificate(certificate, presented.certificate))
    return deny('invalid', 'token bound to another certificate');
  if (dpopKey === undefined) return checkBearer(scheme, presented, certificate, required);
  if (scheme !== 'DPoP') return deny('invalid', 'DPoP-bound token as a bearer token');
  if (presented.proof === undefined) return deny('proof', 'no proof');
  const { proof, method, admit } = presented;
  const { id: owner } = verified.principal;
  const use = { proof, method, token, thumbprint: dpopKey, owner };
  const denial = await dpop.verify({ ...use, admit: async () => admit?.(owner) });
  return denial ?? { ok: true, boundTo: 'dpop' };
}

function checkBearer(
  scheme: Credentials['scheme'],
  { proof }: Presented,
  certificate: string | undefined,
  required: boolean,
): Constraint {
  if (scheme === 'DPoP') return deny('invalid', 'token without a bound key under DPoP');
  if (proof !== undefined) return deny('proof', 'proof for a token without a bound key');
  if (certificate !== undefined) return { ok: true, boundTo: 'certificate' };
  return required ? deny('invalid', 'bearer credential') : { ok: true, boundTo: undefined };
}

/** RFC 8705 §3.1: base64url of the SHA-256 of the certificate that this connection has proved. */
function isSameCertificate(bound: string, presented: Uint8Array | undefined): boolean {
  if (presented === undefined) return false;
  const expected = Buffer.from(Buffer.from(presented).toString('base64url'));
  const actual = Buffer.from(bound);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
