import * as z from 'zod';

import { invalid, outOfTime } from './token-problem.ts';

/** Longest identifier: OpenID Connect allows a subject 255 characters. */
const NAME_MAX = 256;

/**
 * An identifier that looks the same in a policy, in a record and in a comparison, which is letter by
 * letter. Whoever may choose a name at the issuer must not get past an entry that names them by a
 * character that nobody sees, by another spelling of the same letters, or by a space around them. A NUL or a line end
 * would end it early somewhere, and half of a surrogate pair cannot be written down.
 *
 * Not promised: that letters of different scripts look different. A subject is an id that its issuer
 * chose, and the policy names it by copying.
 */
export const claimedName = z
  .string()
  .min(1)
  .max(NAME_MAX)
  .refine((name) => !UNSEEN.test(name) && name === name.trim() && name === name.normalize('NFC'));

/** Controls, formats, halves of surrogates, private use, unassigned, whatever draws nothing, and spaces but the plain one. */
const UNSEEN = /[[\p{C}\p{Z}\p{DI}\u2800]--[ ]]/v;

/** Seconds since 1970 (RFC 7519 `NumericDate`), up to where milliseconds are still exact. */
export const numericDate = z.number().min(0).max(8_640_000_000_000);

/** RFC 7519 §4.1.3: one audience, or an array of them. */
export const audience = z.union([
  z.string().min(1).max(2048),
  z.array(z.string().min(1).max(2048)).min(1).max(32),
]);

/** Refuses a token that was not issued for this resource: another server could have been handed it (RFC 9700 §4.9.1). */
export function checkAudience(aud: z.output<typeof audience>, resource: string): void {
  const named = typeof aud === 'string' ? [aud] : aud;
  if (!named.includes(resource)) invalid('the token is for another audience');
}

export interface Times {
  readonly exp: number;
  readonly iat?: number | undefined;
  readonly nbf?: number | undefined;
}

export interface TimeRules {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds from issue to end at most. */
  readonly lifetimeMaxMs: number;
}

/** How far an issuer's clock may be ahead of ours. An end is an end: it gets no such time. */
const SKEW_MS = 30_000;

/** Refuses what has ended, has not begun, or lives longer than a leaked copy should. It is asked of tokens that are known to be issued. */
export function checkTimes({ exp, iat, nbf }: Times, { now, lifetimeMaxMs }: TimeRules): void {
  if (now >= exp * 1000) outOfTime('the token has expired');
  for (const start of [iat, nbf]) {
    if (start !== undefined && start * 1000 > now + SKEW_MS)
      outOfTime('the token is not valid yet');
  }
  // Where the issuer does not say when a token was issued, what is left of it is what can be judged.
  const begin = iat === undefined ? now : iat * 1000;
  if (exp * 1000 - begin > lifetimeMaxMs) invalid('the token lives too long');
}
