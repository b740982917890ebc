import type { AuthProblem } from './credential.ts';

type Problem = Extract<AuthProblem, { readonly kind: 'invalid' | 'unavailable' }>;

/** Ends the verification of a token. Its detail is our own words, and holds nothing of the token. */
export class TokenProblem extends Error {
  override readonly name = 'TokenProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The token is malformed, forged, out of its time, or for somebody else. */
export function invalid(detail: string): never {
  throw new TokenProblem({ kind: 'invalid', detail });
}

/** The token was issued, as its signature or its issuer says, and its time is not now. */
export function outOfTime(detail: string): never {
  throw new TokenProblem({ kind: 'invalid', detail, genuine: true });
}

/** Whoever could say whether the token is good cannot be asked. */
export function unavailable(detail: string): never {
  throw new TokenProblem({ kind: 'unavailable', detail });
}

/** Gives the problem of a token as a value. Any other error is a defect and goes on its way. */
export function problemOf(error: unknown): { readonly ok: false; readonly problem: AuthProblem } {
  if (error instanceof TokenProblem) return { ok: false, problem: error.problem };
  throw error;
}
