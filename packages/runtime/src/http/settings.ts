import { BlockList, isIP } from 'node:net';

import { type CommonOptions, rateOf } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import type { AddressRules, FrontRules } from './rules.ts';

/** Where the server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The one path that speaks MCP. */
export const MCP_PATH = '/mcp';

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
  ['store', 'resource'],
  ['storePasswordFile', 'store'],
  // Without one memory of answered questions, an answer would count once for each replica.
  ['stateKeyFile', 'store'],
];

/** Refuses what contradicts itself, and what would leave the server open. */
export function assertHttpOptions(options: CommonOptions): void {
  const needs = NEEDS.find(
    ([given, needed]) => options[given] !== undefined && options[needed] === undefined,
  );
  if (needs !== undefined)
    throw new ConfigurationProblem(flagOf(needs[0]), `needs ${flagOf(needs[1])}`);
  assertCallersKnown(options);
  if (options.tlsClientOptional && options.tlsClientCa === undefined)
    throw new ConfigurationProblem('--tls-client-optional', 'needs --tls-client-ca');
  if (options.store !== undefined && hasPassword(options.store))
    throw new ConfigurationProblem('--store', 'a password belongs into --store-password-file');
  assertWebUrl('--resource', options.resource);
  // Clients write an origin without its slash, and URLs are compared letter by letter.
  if (options.resource !== undefined && new URL(options.resource).pathname === '/')
    throw new ConfigurationProblem('--resource', 'must have a path, as in https://host/mcp');
  assertWebUrl('--issuer', options.issuer);
  assertWebUrl('--introspection', options.introspection);
  assertWebUrl('--jwks', options.jwks);
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

/**
 * Tokens and clients compare these as texts, so each has one way to be written; and whoever can read
 * or change what travels between could name itself anybody.
 */
function assertWebUrl(field: string, text: string | undefined): void {
  if (text === undefined) return;
  const { href, search, hash, username, protocol, hostname } = new URL(text);
  if (`${search}${hash}${username}` !== '')
    throw new ConfigurationProblem(field, 'must have neither a query, nor a fragment, nor a user');
  if (href !== text && href !== `${text}/`)
    throw new ConfigurationProblem(field, `must be written in normal form: ${href}`);
  if (protocol !== 'https:' && !isLoopbackName(hostname))
    throw new ConfigurationProblem(field, 'must be https');
}

function hasPassword(url: string): boolean {
  return new URL(url).password !== '';
}

function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Options of the front that an operator gave although nothing is served over HTTP. */
export function assertNoHttpOptions(options: CommonOptions): void {
  const given = (['resource', 'issuer', 'keys', 'revocations', 'tlsCert', 'store'] as const).find(
    (key) => options[key] !== undefined,
  );
  if (given !== undefined) throw new ConfigurationProblem(flagOf(given), 'needs --http');
}

/** The URL that clients and tokens name. */
export function resourceOf({ resource, tlsCert }: CommonOptions, { host, port }: Endpoint): URL {
  if (resource !== undefined) return new URL(resource);
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return new URL(
    `${tlsCert === undefined ? 'http' : 'https'}://${name}:${String(port)}${MCP_PATH}`,
  );
}

/** What the front lets through. */
export function rulesOf(options: CommonOptions, bound: Endpoint, resource: URL): FrontRules {
  const secure = options.tlsCert !== undefined || options.behindProxy.length > 0;
  return {
    path: MCP_PATH,
    hosts: hostsOf(options, bound, resource),
    origins: new Set([...ownOrigins(bound), ...options.allowOrigin.map(originOf)]),
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
 * The names of this server itself, on loopback: inspectors that run beside it call by them. No page
 * can come from there, because no page is served.
 */
function ownOrigins({ host, port }: Endpoint): readonly string[] {
  const names = isLoopbackName(host) ? ['127.0.0.1', 'localhost', '[::1]'] : [];
  return names.map((name) => `http://${name}:${String(port)}`);
}

/** As a browser writes it: scheme, host, and the port where it is not the scheme's own. */
function originOf(url: string): string {
  const { origin, href } = new URL(url);
  if (href !== `${origin}/`)
    throw new ConfigurationProblem('--allow-origin', 'is scheme, host and port only');
  return origin;
}

function addressesOf({ allowIp, behindProxy }: CommonOptions): AddressRules {
  return {
    allow: allowIp.length === 0 ? undefined : blockList('--allow-ip', allowIp),
    proxies: behindProxy.length === 0 ? undefined : blockList('--behind-proxy', behindProxy),
  };
}

function blockList(field: string, entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    try {
      list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
    } catch {
      throw new ConfigurationProblem(field, 'is not a network address');
    }
  }
  return list;
}

/** The names of this machine that no name server answers for. */
export function isLoopbackName(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}

/** Messages of a caller in a window: each call may bring a listing, a discovery and its progress along. */
export function messageRateOf({ rateLimit }: CommonOptions) {
  const { calls, seconds } = rateOf(rateLimit);
  return { calls: calls * 4, seconds };
}
