import * as z from 'zod';

import { claimedScopes, scopeClaims } from '../claimed-scopes.ts';
import { audience, checkAudience, checkTimes, claimedName, numericDate } from '../claims.ts';
import { boundTo, confirmationClaim, confirmationOf } from '../confirmation.ts';
import type { TokenOutcome } from '../credential.ts';
import { OutProblem } from '../http-out.ts';
import { invalid } from '../token-problem.ts';
import { isProgram, programClaims, tokenPrincipal } from '../token-principal.ts';

export interface AnswerRules {
  readonly issuer: string;
  readonly resource: string;
  readonly lifetimeMaxMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What was asked about. */
export interface Asked {
  readonly token: string;
  /** SHA-256 of the token, in hex. */
  readonly digest: string;
}

const anyAnswer = z.object({ active: z.boolean() });

const activeToken = z.object({
  iss: z.string().optional(),
  sub: claimedName,
  client_id: claimedName,
  aud: audience,
  exp: numericDate,
  iat: numericDate.optional(),
  nbf: numericDate.optional(),
  jti: claimedName.optional(),
  ...programClaims,
  token_type: z.enum(['bearer', 'dpop']).optional(),
  ...scopeClaims,
  cnf: confirmationClaim.optional(),
});

/**
 * Judges what an issuer says about a token (RFC 7662 §2.2, §4), like the claims of a JWT.
 *
 * The RFC leaves nearly all members to the issuer. Here an audience, an end, a client and a subject have
 * to be among them: "active" alone is also said of refresh tokens, and of tokens for other servers, and
 * without a subject every person who uses a program would be the program.
 */
export function judgeAnswer(answer: unknown, asked: Asked, rules: AnswerRules): TokenOutcome {
  const state = anyAnswer.safeParse(answer);
  if (!state.success) throw new OutProblem('the answer does not say whether the token is active');
  if (!state.data.active) invalid('the issuer says that the token is not active');
  const { success, data } = activeToken.safeParse(withLowerType(answer));
  if (!success) invalid('the answer about the token lacks something, or is malformed');
  if (data.iss !== undefined && data.iss !== rules.issuer)
    invalid('the token is of another issuer');
  checkAudience(data.aud, rules.resource);
  checkTimes(data, rules);
  if (data.token_type === 'dpop' && data.cnf?.jkt === undefined) {
    invalid('the token is bound to a key that the answer does not name');
  }
  return { ok: true, ...outcomeOf(data, asked, rules) };
}

/** Token types are the same in any letters (RFC 6749 §5.1). */
function withLowerType(answer: unknown): unknown {
  const { success, data } = z.looseObject({ token_type: z.string().max(32) }).safeParse(answer);
  return success ? { ...data, token_type: data.token_type.toLowerCase() } : answer;
}

function outcomeOf(
  data: z.output<typeof activeToken>,
  { token, digest }: Asked,
  { issuer }: AnswerRules,
): Omit<Extract<TokenOutcome, { ok: true }>, 'ok'> {
  const { sub: subject, client_id: client, exp, iat, jti } = data;
  const confirmation = confirmationOf(data.cnf);
  return {
    confirmation,
    verified: {
      principal: tokenPrincipal({
        issuer,
        subject,
        client,
        isProgram: isProgram(data),
        scopes: claimedScopes(data),
      }),
      method: 'introspection',
      expiresAt: Math.floor(exp * 1000),
      ...(iat === undefined ? {} : { issuedAt: Math.floor(iat * 1000) }),
      // Some issuers name an opaque token by itself. That name must not come into any record.
      credentialId: jti === undefined || jti === token ? `sha256:${digest}` : jti,
      ...boundTo(confirmation),
    },
  };
}
