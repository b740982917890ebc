import { isJsonObject, parseStrictly, strictText } from '../strict-json.ts';

/** A JWS in its compact form, taken apart. Nothing of it is believed yet. */
export interface Compact {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Bytes of a token at most. Larger ones exist only to cost something. */
const TOKEN_BYTES_MAX = 8192;

/**
 * Takes a compact JWS apart. Undefined for any text that is not the one canonical form of it.
 *
 * Decoders of base64url ignore the last bits of a segment, padding and line ends: with those, each
 * token signed with ES256 has fifteen other strings that verify. What is keyed by a string, such as a
 * list of revoked tokens, would not know them. ECDSA itself leaves one twin, (r, n - s), so what has
 * to be unique is keyed by issuer and `jti`, never by the string.
 */
export function readCompact(token: string): Compact | undefined {
  if (token.length > TOKEN_BYTES_MAX) return undefined;
  const [header, payload, signature, ...more] = token.split('.').map(canonicalBytes);
  if (header === undefined || payload === undefined) return undefined;
  if (signature === undefined || more.length > 0) return undefined;
  const [head, body] = [jsonObject(header), jsonObject(payload)];
  return head === undefined || body === undefined ? undefined : { header: head, payload: body };
}

/** True for what was meant as a compact JWS, canonical or not. */
export function looksLikeJws(token: string): boolean {
  return token.split('.').length === 3;
}

/** The bytes of a base64url text that is exactly what these bytes are written as (RFC 4648 §3.5, §5). */
export function canonicalBytes(text: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function jsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = strictText(bytes);
  const value = text === undefined ? undefined : parseStrictly(text);
  return isJsonObject(value) ? value : undefined;
}
