import { hash } from 'node:crypto';

import type { TokenOutcome } from '@secure-mcp/auth';
import type { JwtVerifier } from '@secure-mcp/auth/network';

/**
 * How long a verified token is taken for verified, in milliseconds. A client calls again within that
 * time, or does not mind the wait; and a key that its issuer withdraws unasked is used no longer than
 * that much after we learn of it.
 */
const REMEMBERED_MS = 1000;
/** Tokens that are remembered. Each has been verified, so nobody fills this with what he makes up. */
const TOKENS_MAX = 1024;

interface Remembered {
  readonly outcome: Promise<TokenOutcome>;
  readonly until: number;
}

/**
 * Spares the signature of a token that was verified a moment ago, which costs as much as the rest of a
 * small request.
 *
 * Only what is settled for good is remembered: that an issuer has signed these very bytes, and what
 * they say. Whether the token has ended, is revoked or is used by its sender is asked each time by
 * the authenticator. It is known by its digest, so that no memory holds a token for longer than its
 * request.
 */
export function rememberVerified(
  verifier: JwtVerifier,
  now: () => number = () => performance.now(),
): JwtVerifier {
  const remembered = new Map<string, Remembered>();

  const verify = (token: string, digest: string): Promise<TokenOutcome> => {
    const outcome = verifier.verify(token);
    const entry = { outcome, until: now() + REMEMBERED_MS };
    const forget = (): void => {
      if (remembered.get(digest) === entry) remembered.delete(digest);
    };
    remembered.delete(digest);
    makeRoom(remembered);
    remembered.set(digest, entry);
    // A refusal can be over with the next key that the issuer publishes.
    outcome.then(({ ok }) => (ok ? undefined : forget()), forget);
    return outcome;
  };

  return {
    recognises: (token) => verifier.recognises(token),
    async verify(token) {
      const digest = hash('sha256', token, 'base64url');
      const known = remembered.get(digest);
      return known !== undefined && known.until > now() ? known.outcome : verify(token, digest);
    },
    async reload() {
      try {
        await verifier.reload();
      } finally {
        // After, because what is verified meanwhile may be verified by a key that goes.
        remembered.clear();
      }
    },
  };
}

/** The oldest stand first, and are the first to end. */
function makeRoom(remembered: Map<string, Remembered>): void {
  if (remembered.size < TOKENS_MAX) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}
