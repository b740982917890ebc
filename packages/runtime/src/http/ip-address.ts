import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** An IP address in one way of writing it. */
export interface IpAddress {
  /** As rules are compared with it: an IPv4-mapped address is the IPv4 one. */
  readonly ip: string;
  /** What limits count by. */
  readonly key: string;
}

/**
 * The networks beside its own that an IPv6 address is in: what one site is given at most is a /48
 * (RFC 6177), a household a /56. None for an IPv4 address, nor for one that carries it.
 */
export function networksAround({ ip, key }: IpAddress): readonly [string, string] | undefined {
  if (!key.endsWith('/64')) return undefined;
  const [a = '', b = '', c = '', d = ''] = ip.split(':');
  const half = (Number.parseInt(d, 16) >> 8).toString(16);
  return [`${a}:${b}:${c}:${half}/56`, `${a}:${b}:${c}/48`];
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** True for an address by which only this machine itself is reached. */
export function isLoopback(address: IpAddress): boolean {
  return holds(LOOPBACK, address);
}

/** True where an address is one of a list. */
export function holds(list: BlockList, { ip }: Pick<IpAddress, 'ip'>): boolean {
  return list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6');
}

/** Prefixes of six groups that carry an IPv4 address in the last two. */
const MAPPED = '0:0:0:0:0:ffff';
/** NAT64 (RFC 6052), and the compatible form that RFC 4291 has retired. */
const CARRYING: ReadonlySet<string> = new Set(['64:ff9b:0:0:0:0', '0:0:0:0:0:0']);

/**
 * Reads an address; undefined for what is none. A zone is left out: it names our own interface.
 *
 * Whoever has one IPv6 address has 2^64 of them, so limits count by the network. An address that only
 * carries an IPv4 one is counted by that: all of IPv4 would share one network otherwise, and one guest
 * could lock out everybody. No rule for an IPv4 address lets it in, though: who translates is not known.
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { ip: text, key: text };
  const [address = ''] = text.split('%', 1);
  if (!isIPv6(address)) return undefined;
  const groups = groupsOf(address);
  const prefix = groups.slice(0, 6).join(':');
  const carried = `${dotted(groups[6])}.${dotted(groups[7])}`;
  if (prefix === MAPPED) return { ip: carried, key: carried };
  const ip = groups.join(':');
  // The unspecified address and the loopback have the retired prefix, too.
  const isCarrying = CARRYING.has(prefix) && groups[6] !== '0';
  const network = `${groups.slice(0, 4).join(':')}::/64`;
  return { ip, key: isCarrying ? carried : network };
}

/** The eight groups, in hexadecimal without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = hexadecimal(address).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
}

/** `::ffff:192.0.2.1` as `::ffff:c000:201`. */
function hexadecimal(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

function dotted(group = '0'): string {
  const value = Number.parseInt(group, 16);
  return `${String(value >> 8)}.${String(value & 255)}`;
}
