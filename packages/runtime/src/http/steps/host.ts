import type { Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

/**
 * Demands a `Host` that is served here, name and port.
 *
 * A web page can let its own name point to this machine (DNS rebinding), and the browser of a person
 * beside it then lets the page talk to us as to itself. The name in `Host` is still the page's.
 */
export function requireHost(headers: Headers, hosts: ReadonlySet<string>): void {
  const host = headers.get('host');
  if (host === undefined || !hosts.has(host.toLowerCase())) refuseHttp('http.host');
}
