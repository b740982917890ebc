import * as z from 'zod';

import type { Principal } from './principal.ts';

export interface TokenIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly client: string;
  /** True where the issuer says that a client acts for itself, whatever the subject. */
  readonly isProgram: boolean;
  readonly scopes: ReadonlySet<string>;
}

/**
 * Names who a token speaks for.
 *
 * A user's id is `<issuer>|<subject>`: an issuer holds no bar, so no other pair is written the same.
 * A client that acts for itself is `service:<issuer>|<client>`, and has no subject: where clients
 * choose their own ids, one could call itself like a user, and would be that user to a policy that
 * goes by subject (RFC 9068 §5, RFC 9700 §4.15).
 */
export function tokenPrincipal(identity: TokenIdentity): Principal {
  const { issuer, subject, client, scopes } = identity;
  if (identity.isProgram || subject === client) {
    return { id: `service:${issuer}|${client}`, kind: 'service', issuer, client, scopes };
  }
  return { id: `${issuer}|${subject}`, kind: 'user', issuer, subject, client, scopes };
}

/**
 * How issuers whose programs have a subject of their own say that a token is a program's: Auth0, whose
 * subject is then `CLIENT@clients`, and Entra, whose subject is an object of its directory.
 */
export const programClaims = { gty: z.unknown().optional(), idtyp: z.unknown().optional() };

export function isProgram({ gty, idtyp }: { gty?: unknown; idtyp?: unknown }): boolean {
  return idtyp === 'app' || [gty].flat().includes('client-credentials');
}
