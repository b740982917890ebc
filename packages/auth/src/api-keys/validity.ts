import type { ApiKeyEntry } from './key-file.ts';

/** When an entry is accepted. Times are milliseconds since 1970. */
export interface Validity {
  readonly notBefore: number;
  readonly expiresAt: number;
  /** A time of revocation that lies in the future is taken as now: nobody who withdraws a key means later. */
  readonly isRevoked: boolean;
}

export type ValidityProblem = 'revoked' | 'not yet valid' | 'expired';

type Written = Pick<ApiKeyEntry, 'notBefore' | 'expiresAt' | 'revokedAt'>;

/** Reads the times of an entry. */
export function validityOf({ notBefore, expiresAt, revokedAt }: Written): Validity {
  return {
    notBefore: notBefore === undefined ? -Infinity : Date.parse(notBefore),
    expiresAt: Date.parse(expiresAt),
    isRevoked: revokedAt !== undefined,
  };
}

/** Why something is not accepted at a time, in milliseconds since 1970. */
export function problemAt(validity: Validity, now: number): ValidityProblem | undefined {
  const { notBefore, expiresAt, isRevoked } = validity;
  if (isRevoked) return 'revoked';
  if (now < notBefore) return 'not yet valid';
  return now < expiresAt ? undefined : 'expired';
}

/** Why an entry is not accepted at a time, in milliseconds since 1970. */
export function validityProblem(entry: Written, now: number): ValidityProblem | undefined {
  return problemAt(validityOf(entry), now);
}
