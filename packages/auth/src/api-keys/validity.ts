import type { ApiKeyEntry } from './key-file.ts';

type Validity = Pick<ApiKeyEntry, 'notBefore' | 'expiresAt' | 'revokedAt'>;

export type ValidityProblem = 'revoked' | 'not yet valid' | 'expired';

/**
 * Why an entry is not accepted at a time, in milliseconds since 1970. A time of revocation that lies in
 * the future is taken as now: nobody who withdraws a key means later.
 */
export function validityProblem(entry: Validity, now: number): ValidityProblem | undefined {
  const { notBefore, expiresAt, revokedAt } = entry;
  if (revokedAt !== undefined) return 'revoked';
  if (notBefore !== undefined && now < Date.parse(notBefore)) return 'not yet valid';
  return now < Date.parse(expiresAt) ? undefined : 'expired';
}
