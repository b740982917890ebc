import { redactSecrets } from '@secure-mcp/validation';

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
  if (host !== undefined && hosts.has(host.toLowerCase())) return;
  refuseHttp('http.host', { detail: shown(host) });
}

/** A name and a port, and nothing that could be anything else. */
const PLAIN = /^[A-Za-z0-9.:[\]-]{1,64}$/;

/** The host for the trail: an operator has to learn which name is missing in the options. */
function shown(host: string | undefined): string {
  if (host === undefined) return 'no host';
  return PLAIN.test(host) ? redactSecrets(host).text : 'no plain name';
}
