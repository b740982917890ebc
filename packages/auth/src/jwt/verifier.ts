import { compactVerify, type CryptoKey, errors } from 'jose';

import type { TokenOutcome, TokenVerifier } from '../credential.ts';
import type { Fetch } from '../http-out.ts';
import { identifierUrl } from '../issuer-url.ts';
import { invalid, problemOf } from '../token-problem.ts';
import { judgeClaims } from './claims.ts';
import { looksLikeJws, readCompact } from './compact.ts';
import { readHeader, type TokenHeader } from './header.ts';
import { createIssuer, type Issuer, type IssuerOptions } from './issuer.ts';

export interface JwtOptions {
  /** The URL of this server that tokens have to be issued for (RFC 8707), letter by letter. */
  readonly resource: string;
  readonly issuers: readonly IssuerOptions[];
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Verifies the JWT access tokens of some issuers. */
export interface JwtVerifier extends TokenVerifier {
  /**
   * Fetches the keys of all issuers now, so that a withdrawn one ends at once. Rejects when one
   * cannot be asked; its former keys then stay until they are too old.
   */
  reload(): Promise<void>;
}

/**
 * Makes a verifier of JWT access tokens (RFC 9068, RFC 8725). It asks an issuer with its first token,
 * not before. Wrong options throw a TypeError.
 */
export function createJwtVerifier(options: JwtOptions): JwtVerifier {
  const now = options.now ?? Date.now;
  const resource = identifierUrl(options.resource);
  const world = { now, ...(options.fetch === undefined ? {} : { fetch: options.fetch }) };
  const issuers = options.issuers.map((issuer) => createIssuer(issuer, world));
  const byName = new Map(issuers.map((issuer) => [issuer.name, issuer]));

  async function verified(token: string): Promise<TokenOutcome> {
    const { header, payload } = readCompact(token) ?? invalid('the token is not a canonical JWS');
    const issuer = issuerOf(payload, byName);
    const named = readHeader(header, issuer);
    await checkSignature(token, named, await issuer.keys.keyFor(named));
    const rules = { ...issuer, issuer: issuer.name, resource, now: now() };
    return { ok: true, ...judgeClaims(payload, rules) };
  }

  return {
    recognises: looksLikeJws,
    verify: (token) => verified(token).catch(problemOf),
    async reload() {
      await Promise.all(issuers.map((issuer) => issuer.reload()));
    },
  };
}

/** Which keys have to fit. A token that names another issuer than the one that signed it fails then. */
function issuerOf(
  { iss }: Readonly<Record<string, unknown>>,
  byName: ReadonlyMap<string, Issuer>,
): Issuer {
  const issuer = typeof iss === 'string' ? byName.get(iss) : undefined;
  return issuer ?? invalid('the issuer is not known');
}

async function checkSignature(token: string, { alg }: TokenHeader, key: CryptoKey): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [alg] });
  } catch (error) {
    if (error instanceof errors.JOSEError) invalid('the signature does not verify');
    throw error;
  }
}
