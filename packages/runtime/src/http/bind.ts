import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { ConfigurationProblem } from '../config/problem.ts';
import { isLoopback, parseAddress } from './ip-address.ts';
import type { Endpoint } from './settings.ts';

export interface BindRules {
  /** The option that names the endpoint. */
  readonly field: string;
  /** True where we speak TLS. */
  readonly secure: boolean;
  /** True where proxies are named that speak TLS for us. */
  readonly proxied: boolean;
  /** True where each caller has to show a credential. */
  readonly authenticated: boolean;
}

/** Where to listen, judged. */
export interface Binding extends Endpoint {
  /** An address, never a name: what was judged is what is bound. */
  readonly host: string;
  readonly loopback: boolean;
  /** True where only proxies may connect, because what others send travels in the clear. */
  readonly proxiesOnly: boolean;
}

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/**
 * Decides where the server may listen. Beyond loopback it needs callers who prove who they are, and
 * TLS, ours or that of a proxy. Throws a ConfigurationProblem otherwise.
 *
 * A name is judged by what it leads to here and now: `localhost` is a line in a file.
 */
export async function decideBinding(
  { host, port }: Endpoint,
  rules: BindRules,
  lookup: Lookup = lookupAll,
): Promise<Binding> {
  const { field, secure } = rules;
  // Node would take it for all addresses of the machine.
  if (host.trim() === '') throw new ConfigurationProblem(field, 'names no host before the port');
  const addresses = isIP(host) === 0 ? await resolve(field, host, lookup) : [host];
  const [address = ''] = addresses;
  const loopback = addresses.every(isLoopbackText);
  if (!loopback) assertFitForNetworks(rules);
  return { host: address, port, loopback, proxiesOnly: !loopback && !secure };
}

function assertFitForNetworks({ field, secure, proxied, authenticated }: BindRules): void {
  if (!authenticated)
    throw new ConfigurationProblem(field, 'without authentication it serves on loopback only');
  if (!secure && !proxied)
    throw new ConfigurationProblem(
      field,
      'beyond loopback it needs --tls-cert and --tls-key, or --behind-proxy',
    );
}

async function resolve(field: string, host: string, lookup: Lookup): Promise<readonly string[]> {
  try {
    const addresses = await lookup(host);
    if (addresses.length > 0 && addresses.every((address) => isIP(address) !== 0)) return addresses;
  } catch {
    // The same as a name without an address.
  }
  throw new ConfigurationProblem(field, 'names a host that leads to no address');
}

async function lookupAll(host: string): Promise<readonly string[]> {
  const found = await systemLookup(host, { all: true });
  return found.map(({ address }) => address);
}

function isLoopbackText(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && isLoopback(address);
}
