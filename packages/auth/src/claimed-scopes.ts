import * as z from 'zod';

/** RFC 6749 §3.3: visible ASCII without quotation mark and backslash. */
const token = z
  .string()
  .max(256)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/);

const SCOPES_MAX = 256;
const list = z.array(token).max(SCOPES_MAX);

/** Parted by one space each (RFC 6749 §3.3). */
const text = z
  .string()
  .max(8192)
  .transform((scope) => (scope === '' ? [] : scope.split(' ')));

/** Scopes as issuers write them: RFC 9068 a text in `scope`, others a text or an array in `scp` or `scopes`. */
export const scopeClaims = {
  scope: z.union([text.pipe(list), list]).optional(),
  scp: z.union([text.pipe(list), list]).optional(),
  scopes: z.union([text.pipe(list), list]).optional(),
};

type ScopeClaims = z.output<z.ZodObject<typeof scopeClaims>>;

/** The scopes of a token. The standard's own claim is the one that counts where an issuer sends several. */
export function claimedScopes({ scope, scp, scopes }: ScopeClaims): ReadonlySet<string> {
  return new Set(scope ?? scp ?? scopes);
}
