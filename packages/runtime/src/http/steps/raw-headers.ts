import type { IncomingMessage } from 'node:http';

import type { Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

/** More than a browser behind two proxies sends; each header costs every later step time. */
const HEADERS_MAX = 100;

/**
 * Headers whose value is a list (RFC 9110 §5.3), so that two lines mean the same as one. A proxy adds
 * its own line to `X-Forwarded-For`, the last one.
 */
const LISTS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'forwarded',
  'te',
  'trailer',
  'via',
  'x-forwarded-for',
]);

/** Other names are tokens of RFC 9110, too, `__proto__` among them; nobody here reads any of them. */
const NAME = /^[a-z0-9][a-z0-9-]*$/;
/** Visible ASCII, spaces and tabs. What else may be in a value, different readers take for different texts. */
const PLAIN = /^[\t\x20-\x7e]*$/;
/** Bytes beyond ASCII stand in headers that proxies add, such as a country's name; nobody here reads those. */
const PRINTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What the steps, the authenticator or the SDK read. */
const READ =
  /^(?:accept|authorization|content-(?:encoding|length|type)|dpop|expect|host|last-event-id|mcp-.*|origin|transfer-encoding|x-forwarded-for|access-control-request-.*)$/;

/**
 * Reads the headers as they came over the wire, each with one meaning.
 *
 * Node's own view keeps the first of two `Authorization` headers, joins two `Mcp-Name` with a comma
 * and lets a proxy in front of us decide by the other one. Whatever came twice is refused here, unless
 * its value is a list anyway.
 */
export function readHeaders({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): Headers {
  if (rawHeaders.length > 2 * HEADERS_MAX) refuse('too many');
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    if (!NAME.test(name)) continue;
    if (!(READ.test(name) ? PLAIN : PRINTABLE).test(value)) refuse('characters');
    const former = headers.get(name);
    if (former === undefined) headers.set(name, value);
    else if (LISTS.has(name)) headers.set(name, `${former}, ${value}`);
    else refuse('twice');
  }
  return headers;
}

/** The connection goes, too: whoever wrote this, or whatever stands between, is not to be trusted with it. */
function refuse(detail: string): never {
  refuseHttp('http.header', { detail, close: true });
}
