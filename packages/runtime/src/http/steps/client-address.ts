import type { BlockList } from 'node:net';

import { holds, type IpAddress, parseAddress } from '../ip-address.ts';
import type { ClientAddress, Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

/** Proxies in a row at most. */
const HOPS_MAX = 16;

/**
 * Finds out who is calling, by address.
 *
 * `X-Forwarded-For` is whatever a client writes, with what each proxy saw added at its end. So it is
 * believed from the right, for as long as it was added by proxies that the operator named, and not at
 * all when the peer is none of them. `Forwarded`, `X-Real-IP` and their like are never read: a proxy
 * that sets one of them passes the others on as they came.
 */
export function clientAddress(
  peer: string | undefined,
  headers: Headers,
  proxies: BlockList | undefined,
): ClientAddress {
  const connected = parseAddress(peer ?? '');
  if (connected === undefined) refuseHttp('http.address', { detail: 'no peer', close: true });
  const chain = headers.get('x-forwarded-for');
  if (chain === undefined || proxies === undefined || !holds(proxies, connected))
    return { ...connected, forwarded: false };
  return { ...forwardedClient(chain, proxies), forwarded: true };
}

/** Refuses an address that is not on the list, where there is one. */
export function requireAllowed(address: ClientAddress, allow: BlockList | undefined): void {
  // The connection of a proxy stays: it carries the requests of others, too.
  if (allow !== undefined && !holds(allow, address))
    refuseHttp('http.address', { close: !address.forwarded });
}

/** The rightmost address that is not one of the proxies; the leftmost where all of them are. */
function forwardedClient(chain: string, proxies: BlockList): IpAddress {
  const hops = chain.split(',', HOPS_MAX + 1);
  if (hops.length > HOPS_MAX) refuseHttp('http.header', { detail: 'x-forwarded-for' });
  let client: IpAddress | undefined;
  for (const hop of hops.toReversed()) {
    client = parseAddress(withoutPort(hop.trim()));
    // What a trusted proxy has added and we cannot read is a mistake in the configuration of one of us.
    if (client === undefined) refuseHttp('http.header', { detail: 'x-forwarded-for' });
    if (!holds(proxies, client)) return client;
  }
  return client ?? refuseHttp('http.header', { detail: 'x-forwarded-for' });
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return hop.replace(/^\[([^\]]*)\](?::\d{1,5})?$/, '$1').replace(/^([\d.]+):\d{1,5}$/, '$1');
}
