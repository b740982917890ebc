import * as z from 'zod';

import { claimedScopes, scopeClaims } from '../claimed-scopes.ts';
import { audience, checkAudience, checkTimes, claimedName, numericDate } from '../claims.ts';
import { boundTo, confirmationClaim, confirmationOf } from '../confirmation.ts';
import type { Confirmation, Verified } from '../credential.ts';
import { invalid } from '../token-problem.ts';
import { isProgram, programClaims, tokenPrincipal } from '../token-principal.ts';

export interface ClaimRules {
  /** The issuer whose key has verified the token, which is the one that it names. */
  readonly issuer: string;
  readonly resource: string;
  readonly lifetimeMaxMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The claim that names the client. */
  readonly clientClaim: ClientClaim;
  /** The claim that names the token. */
  readonly idClaim: IdClaim;
}

/** RFC 9068 says `client_id`; issuers from before it use the others. */
export type ClientClaim = 'client_id' | 'azp' | 'cid' | 'appid';

/** RFC 9068 says `jti`; an issuer from before it uses the other. */
export type IdClaim = 'jti' | 'uti';

const accessToken = z.object({
  sub: claimedName,
  aud: audience,
  exp: numericDate,
  iat: numericDate,
  nbf: numericDate.optional(),
  ...programClaims,
  ...scopeClaims,
  cnf: confirmationClaim.optional(),
});

/**
 * Judges the claims of a token whose signature is verified (RFC 9068 §4). Each claim that decides
 * anything has to be there: a missing one is never read as "no limit".
 */
export function judgeClaims(
  payload: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
): { readonly verified: Verified; readonly confirmation: Confirmation } {
  const { success, data, error } = accessToken.safeParse(payload);
  if (!success) invalid(`claim ${whichClaim(error)} is missing or malformed`);
  checkAudience(data.aud, rules.resource);
  checkTimes(data, rules);
  const client = nameIn(payload, rules.clientClaim);
  const principal = tokenPrincipal({
    issuer: rules.issuer,
    subject: data.sub,
    client,
    isProgram: isProgram(data),
    scopes: claimedScopes(data),
  });
  const confirmation = confirmationOf(data.cnf);
  return {
    verified: {
      principal,
      method: 'jwt',
      expiresAt: Math.floor(data.exp * 1000),
      issuedAt: Math.floor(data.iat * 1000),
      credentialId: nameIn(payload, rules.idClaim),
      ...boundTo(confirmation),
    },
    confirmation,
  };
}

/** Only names of our own schema, never one out of the token. */
function whichClaim(error: z.ZodError): string {
  const [first] = error.issues;
  const name = first?.path[0];
  return typeof name === 'string' && Object.hasOwn(accessToken.shape, name) ? name : 'set';
}

function nameIn(payload: Readonly<Record<string, unknown>>, claim: ClientClaim | IdClaim): string {
  const { success, data } = claimedName.safeParse(payload[claim]);
  return success ? data : invalid(`claim ${claim} is missing or malformed`);
}
