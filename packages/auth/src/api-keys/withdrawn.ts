import type { Verified } from '../credential.ts';
import type { KeyFile } from './key-file.ts';
import { certificatePrincipal, type Granted } from './principals.ts';

/**
 * True for a caller whom the file of keys no longer lets in as it did: for requests that are under
 * way when the file changes.
 *
 * Its entry is gone or revoked, or says something else now: another name, other scopes, another end. Whoever
 * may still call does so again. A certificate that is revoked here also takes with it what came over
 * its connections.
 */
export function isWithdrawn(verified: Verified, keys: KeyFile | undefined): boolean {
  const { certificate = '', method } = verified;
  if (keys?.certificate(certificate)?.revokedAt !== undefined) return true;
  if (method !== 'api-key' && method !== 'certificate') return false;
  const now = method === 'api-key' ? byKey(verified, keys) : byCertificate(verified, keys);
  return now === undefined || !isSame(now, verified);
}

function byKey({ credentialId = '' }: Verified, keys: KeyFile | undefined): Granted | undefined {
  const entry = keys?.key(credentialId);
  if (entry === undefined || entry.revokedAt !== undefined) return undefined;
  return entry.granted;
}

function byCertificate(
  { credentialId = '' }: Verified,
  keys: KeyFile | undefined,
): Granted | undefined {
  const entry = keys?.certificate(credentialId);
  if (entry === undefined || entry.revokedAt !== undefined) return undefined;
  return { principal: certificatePrincipal(entry), expiresAt: Date.parse(entry.expiresAt) };
}

function isSame(now: Granted, { principal, expiresAt, certificateEndsAt }: Verified): boolean {
  const { id, scopes } = now.principal;
  return (
    id === principal.id &&
    (scopes === principal.scopes || scopes.symmetricDifference(principal.scopes).size === 0) &&
    Math.min(now.expiresAt, certificateEndsAt ?? Infinity) === expiresAt
  );
}
