import type { Headers } from './exchange.ts';

/** Headers that the SDK reads. Nothing else of the request gets past the front, its credential least of all. */
const PASSED = [
  'accept',
  'content-type',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
] as const;
/** Parameters of a tool that it wants in headers too (SEP-2243). */
const PARAMETER_HEADER = 'mcp-param-';

/**
 * Makes the request that the SDK is shown, with the signal that it is given.
 *
 * Given to `Request` itself, the signal would be followed by a second one of its own, which is
 * registered with the platform and costs each request its making and its listener.
 */
export function sdkRequest(
  resource: URL,
  headers: Headers,
  signal: AbortSignal,
): globalThis.Request {
  const request = new Request(resource, { method: 'POST', headers: passedOf(headers) });
  return Object.defineProperty(request, 'signal', { value: signal });
}

function passedOf(headers: Headers): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED) {
    const value = headers.get(name);
    if (value !== undefined) passed[name] = value;
  }
  for (const [name, value] of headers) if (name.startsWith(PARAMETER_HEADER)) passed[name] = value;
  return passed;
}
