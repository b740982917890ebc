import { type BlockList, isIPv4 } from 'node:net';

import { type IpAddress, parseAddress } from './ip-address.ts';
import type { AddressRules } from './rules.ts';

export interface GateOptions {
  readonly addresses: AddressRules;
  /**
   * True where only proxies, and this machine itself, may connect: what is bound beyond loopback
   * without TLS must not take a token that travelled in the clear.
   */
  readonly proxiesOnly: boolean;
  /** Connections of one address at the same time; of one /64 for IPv6. Proxies have no such limit. */
  readonly perAddressMax: number;
}

/** What is judged of a connection. */
export interface Connecting {
  /** Undefined where the peer has gone already. */
  readonly remoteAddress?: string | undefined;
  once(event: 'close', listener: () => void): unknown;
}

/** Why a connection was closed before a byte of it was read. */
export type GateVerdict = 'pass' | 'address' | 'address_full';

/**
 * Judges a connection by its peer, before TLS. Who may not come costs no handshake, and who comes
 * with a flood of idle connections leaves room for all the others.
 */
export function createGate(options: GateOptions): (peer: Connecting) => GateVerdict {
  const { addresses, perAddressMax } = options;
  const counts = new Map<string, number>();
  return (socket) => {
    const peer = parseAddress(socket.remoteAddress ?? '');
    if (peer === undefined || !mayConnect(peer, options)) return 'address';
    if (addresses.proxies !== undefined && holds(addresses.proxies, peer)) return 'pass';
    const { key } = peer;
    const count = counts.get(key) ?? 0;
    if (count >= perAddressMax) return 'address_full';
    counts.set(key, count + 1);
    socket.once('close', () => {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    });
    return 'pass';
  };
}

/** What a proxy forwards is judged later, by the address of the client. */
function mayConnect(
  peer: IpAddress,
  { addresses: { allow, proxies }, proxiesOnly }: GateOptions,
): boolean {
  if (proxies !== undefined && holds(proxies, peer)) return true;
  if (proxiesOnly && !isLoopback(peer)) return false;
  return allow === undefined || holds(allow, peer);
}

function isLoopback({ ip }: IpAddress): boolean {
  return ip.startsWith('127.') || ip === '0:0:0:0:0:0:0:1';
}

function holds(list: BlockList, { ip }: IpAddress): boolean {
  return list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6');
}
