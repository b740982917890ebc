import { createDiscovery, type Discovery } from '../discovery.ts';
import { ask, type Fetch, OutProblem } from '../http-out.ts';
import { identifierUrl, isEndpoint } from '../issuer-url.ts';
import { ALGORITHMS, type Algorithm, DEFAULT_ALGORITHMS } from './algorithms.ts';
import type { ClientClaim, IdClaim } from './claims.ts';
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts';
import { type KeySet, readKeySet } from './key-set.ts';

/** An authorization server whose access tokens are accepted. */
export interface IssuerOptions {
  /** Its identifier, letter by letter as its tokens and its metadata write it. */
  readonly issuer: string;
  /**
   * Where its keys are: a URL, or the JWK Set itself. Absent: where the issuer's metadata says,
   * which is asked for with the first token.
   */
  readonly jwks?: string | (() => unknown);
  /** Signature algorithms that its tokens may have. */
  readonly algorithms?: readonly Algorithm[];
  /**
   * True for an issuer that does not mark its access tokens `at+jwt`. Then only their audience tells
   * them from its other tokens.
   */
  readonly anyType?: boolean;
  /** Where the issuer names the client, if not in `client_id`. */
  readonly clientClaim?: ClientClaim;
  /** Where the issuer names the token, if not in `jti`. */
  readonly idClaim?: IdClaim;
  /** Milliseconds that a token may live, 24 hours unless told otherwise. */
  readonly lifetimeMaxMs?: number;
}

/** One issuer with its keys and its rules. */
export interface Issuer {
  readonly name: string;
  readonly algorithms: ReadonlySet<string>;
  readonly anyType: boolean;
  readonly clientClaim: ClientClaim;
  readonly idClaim: IdClaim;
  readonly lifetimeMaxMs: number;
  readonly keys: IssuerKeys;
  reload(): Promise<void>;
}

export interface World {
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The largest that widely used issuers give by default: one day. Most give an hour. */
const LIFETIME_MAX_MS = 86_400_000;

const JWKS_BYTES_MAX = 262_144;
const JWKS_TIMEOUT_MS = 5000;

/** Checks the options of an issuer, and throws a TypeError for wrong ones. It asks nobody yet. */
export function createIssuer(options: IssuerOptions, world: World): Issuer {
  const name = identifierUrl(options.issuer);
  const discovery = createDiscovery({ issuer: name, ...world });
  const keys = createIssuerKeys({
    fetchKeys: keySource(options, discovery, world),
    now: world.now,
  });
  return {
    name,
    algorithms: checkedAlgorithms(options.algorithms ?? DEFAULT_ALGORITHMS),
    anyType: options.anyType ?? false,
    clientClaim: options.clientClaim ?? 'client_id',
    idClaim: options.idClaim ?? 'jti',
    lifetimeMaxMs: options.lifetimeMaxMs ?? LIFETIME_MAX_MS,
    keys,
    async reload() {
      discovery.forget();
      await keys.reload();
    },
  };
}

function keySource(
  { issuer, jwks }: IssuerOptions,
  discovery: Discovery,
  world: World,
): () => Promise<KeySet> {
  if (typeof jwks === 'function') return async () => keySetOf(jwks());
  if (typeof jwks === 'string') {
    if (!isEndpoint(jwks, issuer)) throw new TypeError('The URL of the keys must be https.');
    return () => fetchKeySet(jwks, world);
  }
  return async () => {
    const { jwksUrl } = await discovery.metadata();
    if (jwksUrl === undefined) throw new OutProblem('the issuer publishes no keys');
    return fetchKeySet(jwksUrl, world);
  };
}

async function fetchKeySet(url: string, { fetch }: World): Promise<KeySet> {
  const question = { url, bytesMax: JWKS_BYTES_MAX, timeoutMs: JWKS_TIMEOUT_MS };
  const { status, value } = await ask({ ...question, method: 'GET' }, fetch);
  if (status !== 200) throw new OutProblem('the issuer does not show its keys');
  return keySetOf(value);
}

function keySetOf(document: unknown): KeySet {
  const keys = readKeySet(document);
  if (keys === undefined) throw new OutProblem('the keys are not a JWK Set');
  return keys;
}

/** The type says so too, but the options come from a configuration file. */
function checkedAlgorithms(names: readonly string[]): ReadonlySet<string> {
  const known: readonly string[] = ALGORITHMS;
  if (names.length === 0 || names.some((name) => !known.includes(name))) {
    throw new TypeError(`Algorithms must be of: ${ALGORITHMS.join(', ')}.`);
  }
  return new Set(names);
}
