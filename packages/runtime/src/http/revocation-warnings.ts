import type { Revocation } from '@secure-mcp/auth/network';

/**
 * What an operator should know of a list of revocations: entries for an issuer whose tokens are not
 * accepted here anyway. A slash too many makes such an entry of one that was meant, and whoever it was
 * meant for goes on calling.
 *
 * It is no reason to refuse the list: servers with different issuers may share one.
 */
export function warningsOfRevocations(
  list: readonly Revocation[],
  issuer: string | undefined,
): readonly string[] {
  const places = list.flatMap((entry, at) =>
    'issuer' in entry && entry.issuer !== undefined && entry.issuer !== issuer ? [at] : [],
  );
  const [first] = places;
  if (first === undefined) return [];
  const more = places.length === 1 ? '' : ` and ${String(places.length - 1)} more`;
  return [
    `--revocations: revoked.${String(first)}${more}: the issuer is not --issuer, letter by letter, so nothing is revoked by it`,
  ];
}
