import { timingSafeEqual } from 'node:crypto';

import type { TokenOutcome, TokenVerifier, Verified } from '../credential.ts';
import { asGenuine, deny } from '../denial.ts';
import type { KeyFile, KnownKey } from './key-file.ts';
import { API_KEY_PREFIX, apiKeyId, hashApiKey } from './secret.ts';
import { problemAt } from './validity.ts';

/** No text has this SHA-256, as far as anybody knows. Unknown ids are compared with it. */
const NOBODYS_HASH = Buffer.alloc(32);

/**
 * Verifies API keys against the file as it is now.
 *
 * Everything that begins like a key is taken for one, also without a file of keys: passed on to an
 * introspection endpoint, a key would be shown to somebody else.
 */
export function createApiKeyVerifier(
  keys: () => KeyFile | undefined,
  now: () => number,
): TokenVerifier {
  return {
    recognises: (token) => token.startsWith(API_KEY_PREFIX),
    verify: async (token) => verifyApiKey(token, keys(), now()),
  };
}

function verifyApiKey(token: string, keys: KeyFile | undefined, now: number): TokenOutcome {
  const id = apiKeyId(token);
  if (id === undefined) return deny('invalid', 'malformed API key');
  const entry = keys?.key(id);
  // An id that nobody has costs the same work, so that time does not tell which ids exist.
  const hash = hashApiKey(token);
  const kept = entry === undefined ? NOBODYS_HASH : entry.hash;
  const isSame = timingSafeEqual(hash, kept);
  if (entry === undefined || !isSame) return deny('invalid', 'unknown API key');
  // Only who holds the key gets this far, so the finer reasons are for the trail alone.
  const problem = problemAt(entry.validity, now);
  if (problem !== undefined) return asGenuine(deny('invalid', `API key ${problem}`));
  return { ok: true, verified: verifiedOf(entry), confirmation: {} };
}

function verifiedOf({ id, validity: { notBefore }, granted }: KnownKey): Verified {
  return {
    ...granted,
    method: 'api-key',
    ...(Number.isFinite(notBefore) && { issuedAt: notBefore }),
    credentialId: id,
  };
}
