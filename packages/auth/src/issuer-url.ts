import { isLoopbackName } from './loopback-name.ts';

/**
 * Checks the identifier of an issuer (RFC 8414 §2) or of a resource (RFC 8707 §2): an absolute URL
 * without query and fragment, https, or http to this machine. Gives it back unchanged, because
 * identifiers are compared letter by letter.
 *
 * A bar is refused: it parts issuer and subject in the ids of principals.
 */
export function identifierUrl(identifier: string): string {
  const url = URL.canParse(identifier) ? new URL(identifier) : undefined;
  if (url === undefined || !isSafe(url) || /[?#|\s]/.test(identifier)) {
    throw new TypeError('An issuer or resource must be an https URL without query and fragment.');
  }
  return identifier;
}

/**
 * True for a URL that a document of this issuer may send us to. Only an issuer that is itself on
 * this machine without TLS may name such a URL: the document must not reach what others cannot.
 */
export function isEndpoint(endpoint: string, issuer: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  if (!isSafe(url) || url.hash !== '') return false;
  return url.protocol === 'https:' || new URL(issuer).protocol === 'http:';
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackName(hostname));
}
