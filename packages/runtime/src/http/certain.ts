import type { Presented } from '@secure-mcp/auth';
import { API_KEY_PREFIX, parseAuthorization } from '@secure-mcp/auth/network';

import { crypto } from '../crypto.ts';

/** How long a credential that was accepted is known, in milliseconds. */
const KNOWN_MS = 600_000;
/** How many are known. Each was accepted, so nobody fills this with what he makes up. */
const KNOWN_MAX = 4096;

/** Credentials that nobody comes by through guessing, and that cost next to nothing to judge. */
export interface Certain {
  /** True for one of these. It is still to be verified. */
  holds(presented: Presented): boolean;
  /** To be told of each credential that is accepted. */
  accepted(presented: Presented): void;
}

/**
 * Tells which credentials are worth a look where those of an address have failed too often. Whoever
 * shares an address with a stranger would be locked out by him otherwise.
 *
 * Those are a key, which is one hash of 256 random bits; a certificate, which the handshake has
 * verified; and what was accepted a moment ago. It is known by its digest, so that no memory holds it.
 */
export function createCertain(now: () => number = () => performance.now()): Certain {
  const known = new Map<string, number>();
  return {
    holds({ authorization, certificate }) {
      if (authorization === undefined) return certificate !== undefined;
      return isKey(authorization) || (known.get(digestOf(authorization)) ?? 0) > now();
    },
    accepted({ authorization }) {
      // A key is told by its form.
      if (authorization === undefined || isKey(authorization)) return;
      const digest = digestOf(authorization);
      known.delete(digest);
      known.set(digest, now() + KNOWN_MS);
      // The oldest stand first.
      const [oldest] = known.keys();
      if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
    },
  };
}

function isKey(authorization: string): boolean {
  return parseAuthorization(authorization)?.token.startsWith(API_KEY_PREFIX) === true;
}

function digestOf(text: string): string {
  return crypto().createHash('sha256').update(text).digest('base64url');
}
