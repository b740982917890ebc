import {
  auth,
  DpopSession,
  type OAuthClientProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  UnauthorizedError,
} from '@modelcontextprotocol/client';

import { DESKTOP_REDIRECT } from './authorization-server/index.ts';
import { walkThrough } from './authorization-server/person.ts';

export interface PersonOptions {
  readonly server: URL;
  /** How the person gets from the authorization server's page to the client's. By forms, unless told otherwise. */
  readonly visit?: (authorization: URL) => Promise<URL>;
  readonly redirectUrl?: string;
  /** What the client already has. */
  readonly tokens?: StoredOAuthTokens;
  /** True where the client binds its tokens to a key of its own (RFC 9449). */
  readonly dpop?: boolean;
  /** True where the client registers itself (RFC 7591), because nobody has done so beforehand. */
  readonly registers?: boolean;
}

/** Somebody at a program that speaks MCP, and knows nothing but the URL of a server. */
export interface Person {
  readonly provider: OAuthClientProvider;
  /** The pages that were visited, first to last. */
  readonly visits: readonly URL[];
  /** The token that the client has now. */
  token(): string;
  /** Does something, signing in as often as it takes. */
  through<Value>(what: () => Promise<Value>): Promise<Value>;
}

/** Far more than a first consent and a step-up. */
const VISITS_MAX = 4;

/** Makes a person who signs in under this name, and allows what is asked for. */
export async function makePerson(account: string, options: PersonOptions): Promise<Person> {
  const { server, redirectUrl = DESKTOP_REDIRECT } = options;
  const visit =
    options.visit ?? ((authorization: URL) => walkThrough(authorization, redirectUrl, account));
  const visits: URL[] = [];
  const client = await clientOf(options, redirectUrl);
  return {
    provider: client.provider,
    visits,
    token: () => client.tokens()?.access_token ?? '',
    async through(what) {
      for (;;) {
        try {
          return await what();
        } catch (error) {
          const authorization = client.wanted();
          if (!isUnauthorized(error) || authorization === undefined) throw error;
          if (visits.length === VISITS_MAX)
            throw new Error('signing in does not help', { cause: error });
          visits.push(authorization);
          await finish(client.provider, server, await visit(authorization));
        }
      }
    },
  };
}

/** What a client of the SDK's has to keep. */
async function clientOf(options: PersonOptions, redirectUrl: string) {
  const { tokens: first, dpop, registers } = options;
  const session = dpop === true ? await DpopSession.create() : undefined;
  type Discovery = Parameters<NonNullable<OAuthClientProvider['saveDiscoveryState']>>[0];
  let tokens = first;
  let verifier = '';
  let discovery: Discovery | undefined;
  let wanted: URL | undefined;
  let registered: StoredOAuthClientInformation | undefined;
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: { redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
    clientInformation: (context) =>
      registers === true
        ? registered
        : // It has been registered beforehand, and the issuer that it was registered with is stamped on it.
          { client_id: 'desktop', ...(context !== undefined && { issuer: context.issuer }) },
    saveClientInformation(saved) {
      registered = saved;
    },
    tokens: () => tokens,
    saveTokens(saved) {
      tokens = saved;
    },
    redirectToAuthorization(url) {
      wanted = url;
    },
    saveCodeVerifier(saved) {
      verifier = saved;
    },
    codeVerifier: () => verifier,
    // Where the code comes from is held to where it was asked for (RFC 9207).
    saveDiscoveryState(saved) {
      discovery = saved;
    },
    discoveryState: () => discovery,
    ...(session !== undefined && { dpop: () => session }),
  };
  return {
    provider,
    tokens: () => tokens,
    wanted() {
      const url = wanted;
      wanted = undefined;
      return url;
    },
  };
}

async function finish(provider: OAuthClientProvider, server: URL, back: URL): Promise<void> {
  const { searchParams } = back;
  const code = searchParams.get('code');
  if (code === null) throw new Error(`no code: ${searchParams.get('error') ?? ''}`);
  const iss = searchParams.get('iss') ?? undefined;
  await auth(provider, {
    serverUrl: server,
    authorizationCode: code,
    ...(iss !== undefined && { iss }),
  });
}

/** The SDK wraps what its transport throws. */
function isUnauthorized(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if (at instanceof UnauthorizedError) return true;
  return false;
}
