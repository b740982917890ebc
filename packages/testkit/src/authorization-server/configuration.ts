import type { JsonWebKey } from 'node:crypto';

import type { Adapter, ProviderContext, ResourceServerInfo } from 'oidc-provider';

import { errorPage, PAGE_HEADERS } from './pages.ts';
import type { SigningAlgorithm } from './signing-keys.ts';

/** A resource server that tokens are issued for. */
export interface ResourceSettings {
  /** All scopes that it knows, parted by spaces. */
  readonly scope: string;
  readonly format?: 'jwt' | 'opaque';
  readonly algorithm?: SigningAlgorithm;
  readonly ttlSeconds?: number;
  /** What its tokens name as their audience, if not the resource itself. */
  readonly audience?: string;
}

/** A client that is known beforehand. */
export interface ClientSettings {
  readonly id: string;
  /** Absent for a client that cannot keep one, such as a program on a person's machine. */
  readonly secret?: string;
  /** Where a person is sent back to. Without any, the client only acts for itself. */
  readonly redirectUris?: readonly string[];
  /** The public key of a client that signs its assertions instead of having a secret. */
  readonly publicKey?: JsonWebKey;
  readonly bound?: 'dpop' | 'certificate';
  /** True for a resource server, which may ask about any token. */
  readonly introspects?: boolean;
}

/** Where a TLS terminating proxy would say which certificate the client has shown: PEM, percent-encoded. */
export const CERTIFICATE_HEADER = 'x-client-certificate';

export interface ConfigurationParts {
  readonly resources: ReadonlyMap<string, ResourceSettings>;
  readonly clients: readonly ClientSettings[];
  readonly keys: readonly JsonWebKey[];
  readonly cookieKey: string;
  readonly adapter: Adapter;
  /** True where any program may make itself a client. */
  readonly registration: boolean;
}

const HOUR_SECONDS = 3600;

/** What the provider is configured with. */
export function configurationFor(parts: ConfigurationParts): Readonly<Record<string, unknown>> {
  const { resources, clients, keys, cookieKey, adapter, registration } = parts;
  return {
    adapter,
    jwks: { keys },
    clients: clients.map(clientMetadata),
    cookies: { keys: [cookieKey] },
    scopes: ['openid', ...(registration ? registrableScopes(resources) : [])],
    clientDefaults: {
      id_token_signed_response_alg: keys[0]?.['alg'] ?? 'ES256',
      // A program on a person's machine, which is sent back to there by http.
      application_type: 'native',
    },
    enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'RS256', 'PS256', 'EdDSA'] },
    clientAuthMethods: ['client_secret_basic', 'private_key_jwt', 'none'],
    findAccount: (_context: ProviderContext, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id }),
    }),
    // Over introspection the provider names no subject where a client acts for itself; its JWTs do.
    extraTokenClaims: (_context: ProviderContext, { kind, clientId }: IssuedToken) =>
      kind === 'ClientCredentials' ? { sub: clientId } : undefined,
    interactions: {
      url: (_context: ProviderContext, { uid }: { uid: string }) => `/interaction/${uid}`,
    },
    ttl: {
      AccessToken: lifetime,
      ClientCredentials: lifetime,
      Grant: HOUR_SECONDS,
      IdToken: HOUR_SECONDS,
      Interaction: HOUR_SECONDS,
      Session: HOUR_SECONDS,
    },
    pkce: { required: () => true },
    // Its own page asks a third party for letters.
    renderError: (context: ProviderContext, error: Readonly<Record<string, unknown>>) => {
      context.set(PAGE_HEADERS);
      context.body = errorPage(error);
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      registration: { enabled: registration },
      dPoP: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_context: ProviderContext, client: { clientId: string }) =>
          clients.some(({ id, introspects }) => introspects === true && id === client.clientId),
      },
      revocation: { enabled: true, allowedPolicy: ownTokensOnly },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: (context: ProviderContext) =>
          decodeURIComponent(context.get(CERTIFICATE_HEADER)) || undefined,
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: ProviderContext, resource: string) =>
          resourceServer(resource, resources.get(resource)),
      },
    },
  };
}

/**
 * What clients that register themselves say that they are going to ask for; where nobody knows it they
 * are refused. Most want to stay signed in, too.
 */
function registrableScopes(resources: ConfigurationParts['resources']): readonly string[] {
  const all = [...resources.values()].flatMap(({ scope }) => scope.split(' '));
  return ['offline_access', ...new Set(all)];
}

interface IssuedToken {
  readonly kind: string;
  readonly clientId: string;
}

function lifetime(
  _context: ProviderContext,
  { resourceServer: server }: { resourceServer?: ResourceServerInfo },
): number {
  return server?.accessTokenTTL ?? HOUR_SECONDS;
}

function ownTokensOnly(
  _context: ProviderContext,
  client: { clientId: string },
  token: { clientId: string },
): boolean {
  return client.clientId === token.clientId;
}

function resourceServer(
  resource: string,
  settings: ResourceSettings | undefined,
): ResourceServerInfo {
  if (settings === undefined) throw new UnknownResource();
  return {
    scope: settings.scope,
    audience: settings.audience ?? resource,
    accessTokenFormat: settings.format ?? 'jwt',
    accessTokenTTL: settings.ttlSeconds ?? HOUR_SECONDS,
    jwt: { sign: { alg: settings.algorithm ?? 'ES256' } },
  };
}

/** What the provider expects of a resource that it does not know (RFC 8707 §2). */
class UnknownResource extends Error {
  override readonly message = 'invalid_target';
  readonly statusCode = 400;
  readonly expose = true;
  readonly error = 'invalid_target';
}

function clientMetadata(client: ClientSettings): Readonly<Record<string, unknown>> {
  const { id, secret, redirectUris = [], publicKey, bound } = client;
  const people = redirectUris.length > 0;
  return {
    client_id: id,
    ...authentication(secret, publicKey),
    // Only a native application may be sent back to the person's own machine by http.
    application_type: 'native',
    redirect_uris: redirectUris,
    response_types: people ? ['code'] : [],
    grant_types: people ? ['authorization_code'] : ['client_credentials'],
    dpop_bound_access_tokens: bound === 'dpop',
    tls_client_certificate_bound_access_tokens: bound === 'certificate',
  };
}

function authentication(
  secret: string | undefined,
  publicKey: JsonWebKey | undefined,
): Readonly<Record<string, unknown>> {
  if (publicKey !== undefined) {
    return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] } };
  }
  return secret === undefined
    ? { token_endpoint_auth_method: 'none' }
    : { token_endpoint_auth_method: 'client_secret_basic', client_secret: secret };
}
