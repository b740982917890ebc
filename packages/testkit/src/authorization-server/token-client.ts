import type { webcrypto } from 'node:crypto';

import {
  calculatePKCECodeChallenge,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
} from 'oauth4webapi';
import * as oauth from 'oauth4webapi';

import { type ClientSettings, CERTIFICATE_HEADER } from './configuration.ts';
import { walkThrough } from './person.ts';

export interface TokenRequest {
  readonly client: ClientSettings;
  readonly resource: string;
  readonly scope: string;
  /** The key that the token is to be bound to (RFC 9449). */
  readonly dpopKey?: webcrypto.CryptoKeyPair;
  /** The certificate that the token is to be bound to (RFC 8705), in PEM. */
  readonly certificate?: string;
}

export interface IssuedToken {
  readonly token: string;
  /** `bearer` or `dpop`. */
  readonly type: string;
  readonly expiresInSeconds: number;
  readonly scope: string;
}

/** A client gets a token for itself. */
export async function clientToken(issuer: string, request: TokenRequest): Promise<IssuedToken> {
  const { client, resource, scope } = request;
  const server = await discover(issuer);
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    { client_id: client.id },
    authentication(client),
    { resource, scope },
    options(request),
  );
  return issued(
    await oauth.processClientCredentialsResponse(server, { client_id: client.id }, response),
    scope,
  );
}

/** A client gets a token for a person, who signs in under this name and allows all that is asked. */
export async function personToken(
  issuer: string,
  account: string,
  request: TokenRequest,
): Promise<IssuedToken> {
  const { client, resource, scope } = request;
  const server = await discover(issuer);
  const [redirectUri] = client.redirectUris ?? [];
  if (redirectUri === undefined) throw new Error(`the client ${client.id} serves no people`);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(String(server.authorization_endpoint));
  url.search = String(
    new URLSearchParams({
      client_id: client.id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope,
      resource,
      state,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  );
  const back = await walkThrough(url, redirectUri, account);
  const owner: Client = { client_id: client.id };
  const parameters = oauth.validateAuthResponse(server, owner, back, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    owner,
    authentication(client),
    parameters,
    redirectUri,
    verifier,
    { ...options(request), additionalParameters: { resource } },
  );
  return issued(await oauth.processAuthorizationCodeResponse(server, owner, response), scope);
}

/** A client takes its token back (RFC 7009). */
export async function revokeToken(
  issuer: string,
  client: ClientSettings,
  token: string,
): Promise<void> {
  const server = await discover(issuer);
  const response = await oauth.revocationRequest(
    server,
    { client_id: client.id },
    authentication(client),
    token,
    LOOPBACK,
  );
  await oauth.processRevocationResponse(response);
}

/** The test server is on this machine, where nobody listens in. */
// oxlint-disable-next-line typescript/no-deprecated -- marked so that it stands out, and so it should
const LOOPBACK = { [oauth.allowInsecureRequests]: true };

async function discover(issuer: string): Promise<AuthorizationServer> {
  const url = new URL(issuer);
  const response = await oauth.discoveryRequest(url, LOOPBACK);
  return oauth.processDiscoveryResponse(url, response);
}

function authentication({ secret }: ClientSettings): ClientAuth {
  return secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret);
}

function options({ dpopKey, certificate }: TokenRequest) {
  return {
    ...LOOPBACK,
    ...(dpopKey === undefined ? {} : { DPoP: oauth.DPoP({}, dpopKey) }),
    ...(certificate === undefined
      ? {}
      : { headers: { [CERTIFICATE_HEADER]: encodeURIComponent(certificate) } }),
  };
}

function issued(response: oauth.TokenEndpointResponse, asked: string): IssuedToken {
  return {
    token: response.access_token,
    type: response.token_type,
    expiresInSeconds: response.expires_in ?? 0,
    scope: response.scope ?? asked,
  };
}
