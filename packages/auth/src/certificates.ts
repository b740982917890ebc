import type { KeyFile } from './api-keys/key-file.ts';
import { certificatePrincipal } from './api-keys/principals.ts';
import { problemAt, validityOf } from './api-keys/validity.ts';
import type { AuthOutcome } from './credential.ts';
import { asGenuine, deny, MISSING } from './denial.ts';

/**
 * Verifies a caller that presents nothing but a certificate, which the TLS handshake has checked
 * against the client CA.
 *
 * The CA's signature alone makes nobody a caller: it may have signed certificates for half a company. One that
 * no entry names is nobody, and is asked for a credential like anybody else.
 */
export function verifyCertificate(
  sha256: Uint8Array,
  keys: KeyFile | undefined,
  now: number,
): AuthOutcome {
  const thumbprint = Buffer.from(sha256).toString('hex');
  const entry = keys?.certificate(thumbprint);
  if (entry === undefined) return MISSING;
  const validity = validityOf(entry);
  const problem = problemAt(validity, now);
  if (problem !== undefined) return asGenuine(deny('invalid', `certificate ${problem}`));
  const { notBefore, expiresAt } = validity;
  return {
    ok: true,
    verified: {
      principal: certificatePrincipal(entry),
      method: 'certificate',
      expiresAt,
      ...(Number.isFinite(notBefore) && { issuedAt: notBefore }),
      credentialId: thumbprint,
      boundTo: 'certificate',
    },
  };
}
