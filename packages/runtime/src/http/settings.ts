import { BlockList, isIP } from 'node:net';

import { identifierUrl, isEndpoint, isLoopbackName } from '@secure-mcp/auth/network';

import { type CommonOptions, rateOf } from '../config/common.ts';
import { isGiven } from '../config/given.ts';
import { flagOf } from '../config/options.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import type { AddressRules, FrontRules } from './rules.ts';

/** Where the server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The one path that speaks MCP. */
const MCP_PATH = '/mcp';

/** How long the content of a request may take to arrive, in milliseconds. */
const BODY_MS = 10_000;
/** Longest content of a request, in bytes: the same as a line over stdio. */
const BODY_BYTES_MAX = 1_048_576;

/** `[HOST:]PORT`; loopback where no host is named. */
export function endpointOf(field: string, text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (port > 65_535) throw new ConfigurationProblem(field, 'a port is at most 65535');
  const host = colon < 0 ? '127.0.0.1' : text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port };
}

/** Options that need another one to mean anything: what an operator gives must never be without effect. */
const NEEDS: readonly (readonly [keyof CommonOptions, keyof CommonOptions])[] = [
  ['issuer', 'resource'],
  ['jwks', 'issuer'],
  ['introspection', 'issuer'],
  ['introspection', 'introspectionClient'],
  ['introspectionClient', 'introspectionSecretFile'],
  ['introspectionSecretFile', 'introspectionClient'],
  ['introspectionClient', 'issuer'],
  ['tlsCert', 'tlsKey'],
  ['tlsKey', 'tlsCert'],
  ['tlsClientCa', 'tlsCert'],
  ['tlsClientOptional', 'tlsClientCa'],
  ['tlsMinVersion', 'tlsCert'],
  ['anyTokenType', 'issuer'],
  ['tokenLifetime', 'issuer'],
  ['store', 'resource'],
  ['storePasswordFile', 'store'],
  // Without one memory of answered questions, an answer would count once for each replica.
  ['stateKeyFile', 'store'],
];

/** Options that have no effect beside another one. */
const EXCLUDES: readonly (readonly [keyof CommonOptions, keyof CommonOptions])[] = [
  // Who is asked about each token says what kind it is, and by which key nobody has to know.
  ['jwks', 'introspectionClient'],
  ['anyTokenType', 'introspectionClient'],
];

/**
 * What would let others than this machine's own users be served as the local user: it is for a
 * network, or it says who may call.
 */
const FOR_NETWORKS: readonly (keyof CommonOptions)[] = [
  'behindProxy',
  'allowHost',
  'allowOrigin',
  'requireSenderConstrained',
  'revocations',
  'tlsClientCa',
];

/** Refuses what contradicts itself, what would be without effect, and what would leave the server open. */
export function assertHttpOptions(options: CommonOptions, given: ReadonlySet<string>): void {
  const isThere = (key: keyof CommonOptions) => isGiven(key, { options, given });
  const needs = NEEDS.find(([one, needed]) => isThere(one) && options[needed] === undefined);
  if (needs !== undefined)
    throw new ConfigurationProblem(flagOf(needs[0]), `needs ${flagOf(needs[1])}`);
  const excludes = EXCLUDES.find(([one, other]) => isThere(one) && isThere(other));
  if (excludes !== undefined)
    throw new ConfigurationProblem(
      flagOf(excludes[0]),
      `has no effect beside ${flagOf(excludes[1])}`,
    );
  assertCallersKnown(options);
  if (options.unsafeNoAuth) assertOnlyLocal(options, FOR_NETWORKS.find(isThere));
  assertStore(options);
  assertWebUrl('--resource', options.resource);
  // Clients write an origin without its slash, and URLs are compared letter by letter.
  if (options.resource !== undefined && new URL(options.resource).pathname === '/')
    throw new ConfigurationProblem('--resource', 'must have a path, as in https://host/mcp');
  assertWebUrl('--issuer', options.issuer);
  assertEndpoint('--introspection', options.introspection, options.issuer);
  assertEndpoint('--jwks', options.jwks, options.issuer);
  addressesOf(options);
  for (const origin of options.allowOrigin) originOf(origin);
}

/** Where an issuer is asked: it is sent a secret, or believed about keys. */
function assertEndpoint(field: string, text: string | undefined, issuer = ''): void {
  assertWebUrl(field, text);
  if (text !== undefined && !isEndpoint(text, issuer))
    throw new ConfigurationProblem(field, 'must be https, because --issuer is');
}

function assertCallersKnown(options: CommonOptions): void {
  const { issuer, keys, unsafeNoAuth, requireSenderConstrained, tlsClientCa } = options;
  if (requireSenderConstrained && issuer === undefined && tlsClientCa === undefined)
    throw new ConfigurationProblem(
      '--require-sender-constrained',
      'needs --issuer or --tls-client-ca: no other credential can be bound',
    );
  const known = issuer !== undefined || keys !== undefined;
  if (known && unsafeNoAuth)
    throw new ConfigurationProblem('--unsafe-no-auth', 'cannot stand beside --issuer or --keys');
  if (!known && !unsafeNoAuth)
    throw new ConfigurationProblem(
      '--http',
      'needs --issuer or --keys: it has to know its callers',
    );
}

/** A proxy, a name or a page would bring others than the users of this machine to the loopback address. */
function assertOnlyLocal(
  { resource }: CommonOptions,
  given: keyof CommonOptions | undefined,
): void {
  if (given !== undefined)
    throw new ConfigurationProblem('--unsafe-no-auth', `cannot stand beside ${flagOf(given)}`);
  if (resource !== undefined && !isLoopbackName(new URL(resource).hostname))
    throw new ConfigurationProblem(
      '--unsafe-no-auth',
      'cannot stand beside a --resource that is not on loopback',
    );
}

/** Who reads along learns the password; who writes along un-revokes, and uses twice what counts once. */
function assertStore({ store }: CommonOptions): void {
  if (store === undefined) return;
  const { password, protocol, hostname } = new URL(store);
  if (password !== '')
    throw new ConfigurationProblem('--store', 'a password belongs into --store-password-file');
  if (protocol !== 'rediss:' && !isLoopbackName(hostname))
    throw new ConfigurationProblem('--store', 'must be rediss:// (TLS) beyond loopback');
}

/**
 * Tokens and clients compare these as texts, so each has one way to be written; and whoever can read
 * or change what travels between could name itself anybody.
 */
function assertWebUrl(field: string, text: string | undefined): void {
  if (text === undefined) return;
  const { href, search, hash, username } = new URL(text);
  if (`${search}${hash}${username}` !== '')
    throw new ConfigurationProblem(field, 'must have neither a query, nor a fragment, nor a user');
  if (href !== text && href !== `${text}/`)
    throw new ConfigurationProblem(field, `must be written in normal form: ${href}`);
  if (!isIdentifier(text))
    throw new ConfigurationProblem(
      field,
      'must be https (http only on localhost, 127.0.0.1 or [::1]), without a bar',
    );
}

/** As the verifiers of tokens judge it, who would otherwise refuse it once the server listens. */
function isIdentifier(text: string): boolean {
  try {
    identifierUrl(text);
    return true;
  } catch {
    return false;
  }
}

/** The URL that clients and tokens name. */
export function resourceOf(options: CommonOptions, bound: Endpoint): URL {
  return new URL(options.resource ?? `${listenedOn(options, bound)}${MCP_PATH}`);
}

/** What is listened on, as an origin with its port. */
function listenedOn({ tlsCert }: CommonOptions, { host, port }: Endpoint): string {
  const scheme = tlsCert === undefined ? 'http' : 'https';
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${String(port)}`;
}

/** What the front lets through. */
export function rulesOf(options: CommonOptions, bound: Endpoint, resource: URL): FrontRules {
  const secure = options.tlsCert !== undefined || options.behindProxy.length > 0;
  return {
    path: MCP_PATH,
    hosts: hostsOf(options, bound, resource),
    origins: new Set([...ownOrigins(options, bound), ...options.allowOrigin.map(originOf)]),
    addresses: addressesOf(options),
    bodyBytesMax: BODY_BYTES_MAX,
    bodyMs: BODY_MS,
    secure,
  };
}

/** Each `Host` as clients write it: without the port where it is the scheme's own, and with it. */
function hostsOf(
  { allowHost }: CommonOptions,
  { host, port }: Endpoint,
  resource: URL,
): ReadonlySet<string> {
  const own = isLoopbackName(host) ? ['127.0.0.1', 'localhost', '[::1]'] : [];
  const usual = resource.protocol === 'https:' ? '443' : '80';
  return new Set([
    resource.host,
    `${resource.hostname}:${resource.port === '' ? usual : resource.port}`,
    ...own.map((name) => `${name}:${String(port)}`),
    ...allowHost.map((name) => name.toLowerCase()),
  ]);
}

/**
 * The very address that is listened on, on loopback: inspectors that run beside it call by it. No page
 * can come from there, because the port of that address is ours, and no page is served. Another name
 * of this machine is another address, where somebody else may serve one.
 */
function ownOrigins(options: CommonOptions, bound: Endpoint): readonly string[] {
  return isLoopbackName(bound.host) ? [listenedOn(options, bound)] : [];
}

/** As a browser writes it: scheme, host, and the port where it is not the scheme's own. */
function originOf(url: string): string {
  const { origin, href } = new URL(url);
  if (href !== `${origin}/`)
    throw new ConfigurationProblem('--allow-origin', 'is scheme, host and port only');
  return origin;
}

/** From where clients may come. Throws a ConfigurationProblem. */
export function addressesOf({ allowIp, behindProxy }: CommonOptions): AddressRules {
  return {
    allow: allowIp.length === 0 ? undefined : blockList('--allow-ip', allowIp),
    proxies: behindProxy.length === 0 ? undefined : proxiesOf(behindProxy),
  };
}

/** Two addresses that no network of proxies holds both of. */
const FAR_APART = ['1.2.3.4', '203.0.113.1'] as const;
/** Fewest bits of a network of proxies: those of 10.0.0.0/8 and fc00::/7, which are private. */
const PROXY_BITS_MIN = { ipv4: 8, ipv6: 7 } as const;

/** Each address of a proxy may say who calls: a network that holds everybody lets everybody be anybody. */
function proxiesOf(entries: readonly string[]): BlockList {
  const list = blockList('--behind-proxy', entries);
  const isWide = entries.map(networkOf).some(({ bits, family }) => bits < PROXY_BITS_MIN[family]);
  if (isWide || FAR_APART.every((address) => list.check(address, 'ipv4')))
    throw new ConfigurationProblem(
      '--behind-proxy',
      'must name proxies: this network holds everybody',
    );
  return list;
}

function blockList(field: string, entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const { address, bits, family } = networkOf(entry);
    try {
      list.addSubnet(address, bits, family);
    } catch {
      throw new ConfigurationProblem(field, 'is not a network address');
    }
  }
  return list;
}

function networkOf(entry: string) {
  const [address = '', bits] = entry.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return { address, bits: Number(bits ?? (family === 'ipv6' ? 128 : 32)), family } as const;
}

/** Messages of a caller in a window: each call may bring a listing, a discovery and its progress along. */
export function messageRateOf({ rateLimit }: CommonOptions) {
  const { calls, seconds } = rateOf(rateLimit);
  return { calls: calls * 4, seconds };
}
