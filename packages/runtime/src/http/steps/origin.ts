import type { Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

/**
 * Refuses a page that may not call from a browser: scheme, host and port, exactly. Clients that are no
 * browsers send no `Origin`. `null` is what a sandboxed frame or a local file sends, so it is anybody's.
 */
export function requireOrigin(headers: Headers, origins: ReadonlySet<string>): void {
  const origin = headers.get('origin');
  if (origin !== undefined && !origins.has(origin)) refuseHttp('http.origin');
}
