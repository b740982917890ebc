import { addTo } from './counts.ts';
import { holds, type IpAddress, isLoopback, networksAround, parseAddress } from './ip-address.ts';
import type { AddressRules } from './rules.ts';

export interface GateOptions {
  readonly addresses: AddressRules;
  /**
   * True where only proxies, and this machine itself, may connect: what is bound beyond loopback
   * without TLS must not take a token that travelled in the clear.
   */
  readonly proxiesOnly: boolean;
  /**
   * Connections of one address at the same time; of one /64 for IPv6, with twice as many for a /56 and
   * four times as many for a /48. Proxies have no such limit.
   */
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

/** How many more connections than an address the networks around it may have. */
const AROUND_MORE = [2, 4];

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
    const keys = [peer.key, ...(networksAround(peer) ?? [])];
    const isFull = keys.some((key, at) => {
      const max = perAddressMax * (AROUND_MORE[at - 1] ?? 1);
      return (counts.get(key) ?? 0) >= max;
    });
    if (isFull) return 'address_full';
    for (const key of keys) addTo(counts, key, 1);
    socket.once('close', () => {
      for (const key of keys) addTo(counts, key, -1);
    });
    return 'pass';
  };
}

/** Whom a connection comes from, where that counts when all places are taken. */
export function kindOf(
  { remoteAddress }: Connecting,
  { proxies }: AddressRules,
): 'proxy' | 'machine' | 'other' {
  const peer = parseAddress(remoteAddress ?? '');
  if (peer === undefined) return 'other';
  if (proxies !== undefined && holds(proxies, peer)) return 'proxy';
  return isLoopback(peer) ? 'machine' : 'other';
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
