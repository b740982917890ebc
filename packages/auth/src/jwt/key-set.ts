import { createLocalJWKSet, errors, type JWK, type CryptoKey } from 'jose';

import { isJsonObject } from '../strict-json.ts';
import { invalid } from '../token-problem.ts';
import type { TokenHeader } from './header.ts';
import { verificationKey } from './key-policy.ts';

/** The keys that an issuer signs with, as one document of it names them. */
export interface KeySet {
  /** Undefined where the set has no such key. Rejects for a token that fits several. */
  find(header: TokenHeader): Promise<CryptoKey | undefined>;
}

/** Keys of one document at most. */
const KEYS_MAX = 64;

/**
 * Reads a JWK Set (RFC 7517 §5). Undefined for what is none. A set without one usable key is a set:
 * an issuer that takes all its keys back means that.
 */
export function readKeySet(document: unknown): KeySet | undefined {
  if (!isJsonObject(document)) return undefined;
  const { keys } = document;
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) return undefined;
  const usable = keys.map(verificationKey).filter((key) => key !== undefined);
  const select = createLocalJWKSet({ keys: usable });
  return {
    async find(header) {
      // With several keys, trying each until one fits would be the caller's way to make us work.
      if (header.kid === undefined && usable.length > 1) invalid('the key is not named');
      try {
        return await select({
          alg: header.alg,
          ...(header.kid === undefined ? {} : { kid: header.kid }),
        });
      } catch (error) {
        return notFound(error, header, usable);
      }
    },
  };
}

function notFound(error: unknown, { kid }: TokenHeader, usable: readonly JWK[]): undefined {
  // A key of that name that does not fit the algorithm will not fit after another look at the issuer.
  if (error instanceof errors.JWKSNoMatchingKey) {
    if (usable.some((key) => kid === undefined || key.kid === kid))
      invalid('the key is for another algorithm');
    return undefined;
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) invalid('the key is ambiguous');
  // What is left is a key that cannot be imported, such as a point that is not on its curve.
  invalid('the key is not usable');
}
