import type { AuthProblem } from './credential.ts';

export interface Denial {
  readonly ok: false;
  readonly problem: AuthProblem;
}

/** The "no" to a credential. The detail is for the audit trail: words of our own, nothing presented. */
export function deny(kind: 'invalid' | 'proof' | 'unavailable', detail: string): Denial {
  return { ok: false, problem: { kind, detail } };
}

/** The "no" to a request that presents nothing. RFC 6750 wants no error code for it. */
export const MISSING: Denial = { ok: false, problem: { kind: 'missing' } };

/**
 * Marks a "no" as that to a credential which was issued, and is shown by who holds it: its time is not
 * now, or it was taken back.
 */
export function asGenuine<Outcome extends { readonly ok: true } | Denial>(
  outcome: Outcome,
): Outcome | Denial {
  if (outcome.ok) return outcome;
  const { problem } = outcome;
  return problem.kind === 'invalid' || problem.kind === 'proof'
    ? { ok: false, problem: { ...problem, genuine: true } }
    : outcome;
}
