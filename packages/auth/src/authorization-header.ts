/** Longer than any token that is verified here; shorter than what is worth a pattern's time. */
export const AUTHORIZATION_CHARACTERS_MAX = 8192;

/** One scheme, one space, one token68 of RFC 9110, and nothing around them. */
const CREDENTIALS = /^(bearer|dpop) ([A-Za-z0-9._~+/-]+=*)$/i;

export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/**
 * Reads the value of the one `Authorization` header, or undefined when it is anything else than a
 * scheme and a token.
 *
 * Two parsers must not find two tokens in it: `Bearer good, Bearer evil`, a tab or words behind the
 * token are refused, though lenient parsers take them. The scheme is compared without regard to case
 * (RFC 9110 §11.1), the token is taken as it is.
 */
export function parseAuthorization(value: string): Credentials | undefined {
  if (value.length > AUTHORIZATION_CHARACTERS_MAX) return undefined;
  const [, scheme, token] = CREDENTIALS.exec(value) ?? [];
  if (scheme === undefined || token === undefined) return undefined;
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token };
}
