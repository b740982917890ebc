import type { Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

/** One type, in one encoding. */
const JSON_TYPE = /^application\/json(?:[\t ]*;[\t ]*charset=(?:utf-8|"utf-8"))?$/i;

/** What the SDK's clients send. */
const USUAL_ACCEPT = 'application/json, text/event-stream';

/**
 * Demands content that can be read in one way, and a client that can read the answer.
 *
 * A page can send `text/plain` to anybody without a preflight, and a lenient parser would take it for
 * JSON. Compressed content could become a thousand times its size. That the client has to accept both
 * forms of an answer is MCP's own rule (Streamable HTTP, "Sending Messages to the Server").
 */
export function requireContent(headers: Headers, bodyBytesMax: number): void {
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) refuseHttp('http.content_type');
  if (headers.has('content-encoding'))
    refuseHttp('http.content_type', { detail: 'content-encoding' });
  if (!acceptsBoth(headers.get('accept') ?? '')) refuseHttp('http.accept');
  if (Number(headers.get('content-length') ?? 0) > bodyBytesMax) refuseHttp('http.body_size');
}

function acceptsBoth(accept: string): boolean {
  if (accept === USUAL_ACCEPT) return true;
  const accepted = acceptedTypes(accept);
  return accepted.has('application/json') && accepted.has('text/event-stream');
}

/** The types that are listed by name. A wildcard is not enough for the SDK with clients of 2025, so it is for none. */
function acceptedTypes(accept: string): ReadonlySet<string> {
  const types = new Set<string>();
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    // RFC 9110 §12.4.2: a weight of nought means "not this one".
    if (!parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) types.add(type);
  }
  return types;
}
