import type { Principal } from './principal.ts';

export interface TokenIdentity {
  readonly issuer: string;
  /** Absent where a client acts for itself, and its issuer names no subject. */
  readonly subject: string | undefined;
  readonly client: string;
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
export function tokenPrincipal({ issuer, subject, client, scopes }: TokenIdentity): Principal {
  if (subject === undefined || subject === client) {
    return { id: `service:${issuer}|${client}`, kind: 'service', issuer, client, scopes };
  }
  return { id: `${issuer}|${subject}`, kind: 'user', issuer, subject, client, scopes };
}
