import { KEY_DAYS_MAX } from '@secure-mcp/auth/network';

/** A quarter: short enough to practise rotation, long enough to have a life. */
export const DAYS_DEFAULT = 90;
/** A day for all users of a key to take the new one. */
export const OVERLAP_HOURS_DEFAULT = 24;
export const OVERLAP_HOURS_MAX = 720;

/** The help text of the commands on a file of keys. */
export function keysHelp(name: string, scopes: readonly string[]): string {
  const days = `1 to ${String(KEY_DAYS_MAX)}`;
  return `${name} keys: the callers that --keys FILE lets in

  ${name} keys add FILE --principal NAME --scopes SCOPE[,SCOPE…] [--days N] [--certificate PEM]
      Makes a key and prints it, once: FILE keeps its SHA-256 only. Its id goes to stderr.
      Makes FILE where there is none.
      --principal NAME     Who calls with it: key:NAME in a policy, in revocations and in the audit
                           log, and certificate:NAME for a certificate. Several keys can be of one.
      --scopes SCOPES      What it grants: ${scopes.join(', ')}.
      --days N             How long, ${days}. Default: ${String(DAYS_DEFAULT)}.
      --certificate PEM    Names the client certificate in this file instead of making a key.

  ${name} keys rotate FILE ID [--days N] [--overlap-hours N]
      Makes the next key of the same principal and scopes, and prints it. Both count for a while.
      --days N             How long the new one lives, ${days}. Default: as long as the former was meant to.
      --overlap-hours N    How long the former one still counts, 0 to ${String(OVERLAP_HOURS_MAX)}. Default: ${String(OVERLAP_HOURS_DEFAULT)}.

  ${name} keys revoke FILE ID
      Ends a key, or a certificate, at once.

  ${name} keys list FILE
      Shows who may call, with what, and until when.

ID is what keys list shows first: the second part of a key (mcpk_ID_…), or the SHA-256 thumbprint of
a certificate. A server that runs with --keys FILE takes each change within a second.
`;
}
