import { createPrivateKey } from 'node:crypto';

import {
  type Authenticator,
  localPrincipal,
  type SingleUse,
  type TokenVerifier,
} from '@secure-mcp/auth';
import {
  checkIntrospectionClient,
  createAuthenticator,
  createDpopVerifier,
  createIntrospection,
  createJwtVerifier,
  type IntrospectionClient,
  type KeyFile,
  parseKeyFile,
  type Revocations,
} from '@secure-mcp/auth/network';

import type { CommonOptions } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { parseObject } from '../config/read.ts';
import type { Reloads } from '../reload/reloads.ts';
import { watchFiles } from '../reload/watch-files.ts';
import type { Watched } from '../reload/watched.ts';
import { forOption } from './for-option.ts';
import { reportedReload } from './reported-reload.ts';
import { type ReloadListeners, textOf } from './serving.ts';
import { rememberVerified } from './verified-tokens.ts';

/** What a credential is verified against, before it is known under which URL the server is reached. */
export interface CredentialSources {
  readonly keys: Watched<KeyFile> | undefined;
  /** Whom this server asks the issuer as. */
  readonly introspectionClient: Watched<IntrospectionClient> | undefined;
}

export interface Reloading {
  readonly reloads: Reloads;
  readonly listeners: ReloadListeners;
}

/** Opens the files that credentials are verified against. Rejects with a ConfigurationProblem. */
export async function openCredentialSources(
  common: CommonOptions,
  reloading: Reloading,
): Promise<CredentialSources> {
  return {
    keys: common.keys === undefined ? undefined : await openKeys(common.keys, reloading),
    introspectionClient: await openIntrospectionClient(common, reloading),
  };
}

async function openKeys(
  path: string,
  { reloads, listeners }: Reloading,
): Promise<Watched<KeyFile>> {
  const watched = await watchFiles({
    what: '--keys',
    paths: [path],
    // Hashes of 256 random bits open nothing, but who may call with what is nobody else's business.
    secretPaths: [path],
    parse: ([bytes]) => parseKeys(textOf('--keys', bytes)),
    ...listeners,
  });
  return reloads.add('--keys', watched);
}

function parseKeys(text: string): KeyFile {
  const parsed = parseKeyFile(parseObject('--keys', text), Date.now());
  if (parsed.ok) return parsed.file;
  throw new ConfigurationProblem('--keys', parsed.problem);
}

const SECRET_FILE = '--introspection-secret-file';

async function openIntrospectionClient(
  { introspectionClient: id, introspectionSecretFile: path }: CommonOptions,
  { reloads, listeners }: Reloading,
): Promise<Watched<IntrospectionClient> | undefined> {
  if (id === undefined || path === undefined) return undefined;
  const watched = await watchFiles({
    what: SECRET_FILE,
    paths: [path],
    secretPaths: [path],
    parse: ([bytes]) => clientOf(id, textOf(SECRET_FILE, bytes).trim()),
    ...listeners,
  });
  return reloads.add(SECRET_FILE, watched);
}

/** A private key proves who asks without being sent; a secret is what older issuers know. */
function clientOf(id: string, secret: string): IntrospectionClient {
  try {
    const isKey = secret.startsWith('-----BEGIN ');
    const client = isKey ? { id, privateKey: createPrivateKey(secret) } : { id, secret };
    checkIntrospectionClient(client);
    if (isKey || !/\s/.test(secret)) return client;
  } catch {
    // What the library says of a key can quote it.
  }
  throw new ConfigurationProblem(SECRET_FILE, 'must hold one secret, or a private key (PEM)');
}

export interface AuthenticatorParts {
  readonly common: CommonOptions;
  readonly sources: CredentialSources;
  readonly resource: URL;
  readonly revocations: () => Revocations;
  readonly singleUse: SingleUse;
  readonly reloads: Reloads;
  readonly listeners: ReloadListeners;
  /** What is served: the rights of a local user, where nobody has to sign in. */
  readonly scopes: readonly string[];
}

/** Makes what verifies the callers. */
export function authenticatorOf(parts: AuthenticatorParts): Authenticator {
  const { common, sources, resource, revocations, singleUse, scopes } = parts;
  if (common.unsafeNoAuth) return everybodyIsLocal(scopes);
  const dpop = forOption('--resource', () =>
    createDpopVerifier({ resource: resource.href, singleUse, now: Date.now }),
  );
  return createAuthenticator({
    verifiers: verifiersOf(parts),
    keys: () => sources.keys?.current,
    dpop,
    revocations,
    requireSenderConstrained: common.requireSenderConstrained,
    now: Date.now,
  });
}

function verifiersOf(parts: AuthenticatorParts): TokenVerifier[] {
  const { issuer } = parts.common;
  if (issuer === undefined) return [];
  // An issuer that is asked about tokens is asked about all of them: revoking one ends it early.
  return [
    parts.sources.introspectionClient === undefined ? jwtOf(parts, issuer) : askedOf(parts, issuer),
  ];
}

function jwtOf(parts: AuthenticatorParts, issuer: string): TokenVerifier {
  const { common, resource, reloads, listeners } = parts;
  const { jwks, anyTokenType: anyType, tokenLifetime } = common;
  const keys = jwks === undefined ? {} : { jwks };
  const jwt = rememberVerified(
    forOption('--issuer', () =>
      createJwtVerifier({
        resource: resource.href,
        issuers: [{ issuer, ...keys, anyType, lifetimeMaxMs: tokenLifetime * 1000 }],
      }),
    ),
  );
  const reload = reportedReload('--issuer', () => jwt.reload(), listeners);
  reloads.add('--issuer', { ...ALWAYS_READY, reload });
  return jwt;
}

function askedOf(parts: AuthenticatorParts, issuer: string): TokenVerifier {
  const { common, resource, reloads, listeners, sources } = parts;
  const { introspection: endpoint, tokenLifetime } = common;
  const asked = forOption('--introspection', () =>
    createIntrospection({
      resource: resource.href,
      issuer,
      ...(endpoint !== undefined && { endpoint }),
      client: () => clientNow(sources),
      jwts: true,
      lifetimeMaxMs: tokenLifetime * 1000,
    }),
  );
  const reload = reportedReload('--introspection', async () => asked.reload(), listeners);
  reloads.add('--introspection', { ...ALWAYS_READY, reload });
  return asked;
}

function clientNow({ introspectionClient }: CredentialSources): IntrospectionClient {
  if (introspectionClient === undefined) throw new Error('no client to ask as');
  return introspectionClient.current;
}

/** An issuer that cannot be asked fails calls, not readiness: no other replica could ask it, either. */
const ALWAYS_READY = { healthy: true, close: () => undefined };

/** Whoever can connect is the local user: on loopback only, and said at every start. */
function everybodyIsLocal(scopes: readonly string[]): Authenticator {
  const principal = localPrincipal(scopes);
  return {
    authenticate: async () => ({
      ok: true,
      verified: { principal, method: 'none', expiresAt: Infinity },
    }),
  };
}
