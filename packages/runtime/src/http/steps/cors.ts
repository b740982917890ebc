import type { Headers, PlainAnswer } from '../exchange.ts';

/** What a page has to read of an answer: how to sign in, when to come back, and MCP's own. */
const EXPOSED = 'www-authenticate, retry-after, mcp-protocol-version';
const ALLOWED_HEADERS =
  'authorization, dpop, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, last-event-id';
/** How long a browser may keep the answer to a preflight, in seconds. The request itself is judged each time. */
const KEPT_SECONDS = 600;

/**
 * The headers that let a page read the answer. The origin has been found in the list before, so it is
 * one of ours. Cookies are not allowed: nobody is known by one.
 */
export function corsHeaders(
  headers: Headers,
  origins: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  if (origins.size === 0) return {};
  const origin = headers.get('origin');
  // An answer without an origin must not be kept for a request with one.
  if (origin === undefined) return { vary: 'origin' };
  return {
    vary: 'origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': EXPOSED,
  };
}

/** True for a browser's question whether a page may send its request. */
export function isPreflight(method: string | undefined, headers: Headers): boolean {
  return (
    method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
  );
}

/** The one answer to it: the browser compares it with what the page wants. */
export const PREFLIGHT: PlainAnswer = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': String(KEPT_SECONDS),
  },
  body: '',
};

/**
 * The same for a document that is everybody's, such as the metadata by which any page finds out where
 * to sign in: clients ask for it with the version of their protocol, and browsers ask first.
 */
export const DOCUMENT_PREFLIGHT: PlainAnswer = {
  status: 204,
  headers: {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET',
    'access-control-allow-headers': 'accept, mcp-protocol-version',
    'access-control-max-age': String(KEPT_SECONDS),
  },
  body: '',
};
