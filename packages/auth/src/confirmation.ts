import * as z from 'zod';

import type { Confirmation, Verified } from './credential.ts';
import { canonicalBytes } from './jwt/compact.ts';

/** base64url of a SHA-256. Its one canonical form, because it is compared as text. */
const thumbprint = z.string().refine((text) => canonicalBytes(text)?.length === 32);

/**
 * The `cnf` claim (RFC 7800). A way to confirm that we do not know is one that we cannot check, so a
 * token that names it is refused, and so is one that names none: it says that it is no bearer token.
 */
export const confirmationClaim = z
  .strictObject({ 'x5t#S256': thumbprint.optional(), jkt: thumbprint.optional() })
  .refine((members) => Object.keys(members).length > 0);

/** What the sender of a token has to prove to hold: everything that its issuer bound it to. */
export function confirmationOf(
  claim: z.output<typeof confirmationClaim> | undefined,
): Confirmation {
  const { 'x5t#S256': certificate, jkt: dpopKey } = claim ?? {};
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(dpopKey === undefined ? {} : { dpopKey }),
  };
}

/** For the record. What is demanded is in the confirmation, and a token may be bound to both. */
export function boundTo({ certificate, dpopKey }: Confirmation): Pick<Verified, 'boundTo'> {
  if (dpopKey !== undefined) return { boundTo: 'dpop' };
  return certificate === undefined ? {} : { boundTo: 'certificate' };
}
