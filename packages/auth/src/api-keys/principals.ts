import type { Principal } from '../principal.ts';
import type { ApiKeyEntry, CertificateEntry } from './key-file.ts';

/** Who an entry lets in, and until when, in milliseconds since 1970. */
export interface Granted {
  readonly principal: Principal;
  readonly expiresAt: number;
}

// Neither has a subject: a policy that goes by the subject means the caller whom an issuer calls so.

/** Who calls with an API key. All keys of one name are one caller, so that rotation changes nobody. */
export function keyPrincipal({ principal, scopes }: ApiKeyEntry): Principal {
  return { id: `key:${principal}`, kind: 'api-key', scopes: new Set(scopes) };
}

/** Who calls with a certificate and nothing else. */
export function certificatePrincipal({ principal, scopes }: CertificateEntry): Principal {
  return { id: `certificate:${principal}`, kind: 'service', scopes: new Set(scopes) };
}
