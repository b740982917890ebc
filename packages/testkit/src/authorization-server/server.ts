import { randomUUID, type JsonWebKey, type webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { Provider } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

import {
  type ClientSettings,
  configurationFor,
  type ConfigurationParts,
  type ResourceSettings,
} from './configuration.ts';
import { INTERACTION, interact } from './interactions.ts';
import { makeSigningKeys, type SigningAlgorithm } from './signing-keys.ts';
import { clientToken, type IssuedToken, personToken, revokeToken } from './token-client.ts';

export interface AuthorizationServerOptions {
  /** The resource servers, by their URL. */
  readonly resources: Readonly<Record<string, ResourceSettings>>;
  /** More clients than `service` (for itself) and `desktop` (for people). */
  readonly clients?: readonly ClientSettings[];
  /** Absent: a free one. */
  readonly port?: number;
  /** True where any program may make itself a client (RFC 7591). */
  readonly registration?: boolean;
  /** Absent: it is for this machine only, and without TLS. */
  readonly published?: Published;
}

/** A server that others ask than this machine. */
interface Published {
  /** The URL that clients know it by. */
  readonly issuer: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/** What a token is asked for with. */
export interface TokenWish {
  readonly resource: string;
  /** Parted by spaces. */
  readonly scope: string;
  /** `service` unless told otherwise; `desktop` for a person. */
  readonly clientId?: string;
  /** The person who signs in. Absent: the client acts for itself. */
  readonly account?: string;
  readonly dpopKey?: webcrypto.CryptoKeyPair;
  /** PEM. */
  readonly certificate?: string;
}

/** A real authorization server on this machine. */
export interface AuthorizationServerUnderTest {
  readonly issuer: string;
  /** What a resource server introspects with. */
  readonly introspector: { readonly id: string; readonly secret: string };
  /** A resource server more, such as one whose port is known only now. It signs with ES256, or as others do. */
  addResource(resource: string, settings: ResourceSettings): void;
  tokenFor(wish: TokenWish): Promise<IssuedToken>;
  /**
   * Signs with new keys from now on. The former ones stay in the published set, unless they are
   * withdrawn.
   */
  rotateKeys(options?: { readonly withdraw?: boolean }): void;
  /** Revokes an opaque token. A JWT is good until it ends, whatever its issuer thinks of it. */
  revoke(token: string, clientId?: string): Promise<void>;
  /** How often a path was asked for. */
  asked(path: string): number;
  /** While it is paused, no request is answered. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Where a person is sent back to after signing in; nothing listens there. */
export const DESKTOP_REDIRECT = 'http://127.0.0.1/callback';

/** Starts `oidc-provider` in this process, on a free port of the loopback address unless told otherwise. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServerUnderTest> {
  const introspector = { id: 'resource-server', secret: randomUUID(), introspects: true };
  const resources = new Map(Object.entries(options.resources));
  const clients = [
    introspector,
    { id: 'service', secret: randomUUID() },
    { id: 'desktop', redirectUris: [DESKTOP_REDIRECT] },
    ...(options.clients ?? []),
  ];
  const http = await listen(options);
  const issuer = options.published?.issuer ?? `http://127.0.0.1:${String(portOf(http))}`;
  const registration = options.registration ?? false;
  const provider = rotatingProvider(issuer, { resources, clients, registration });
  const requests = serve(http, provider.current);
  const clientOf = (id: string) => clients.find((client) => client.id === id) ?? unknownClient(id);

  return {
    issuer,
    introspector,
    addResource: (resource, settings) => void resources.set(resource, settings),
    tokenFor({ account, clientId, ...rest }) {
      const client = clientOf(clientId ?? (account === undefined ? 'service' : 'desktop'));
      const request = { client, ...rest };
      return account === undefined
        ? clientToken(issuer, request)
        : personToken(issuer, account, request);
    },
    rotateKeys: provider.rotate,
    revoke: (token, clientId = 'service') => revokeToken(issuer, clientOf(clientId), token),
    ...requests,
    async close() {
      requests.resume();
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

async function listen({ port = 0, published }: AuthorizationServerOptions): Promise<Server> {
  const http =
    published === undefined
      ? createServer()
      : createTlsServer({
          cert: published.certificate,
          key: published.key,
          minVersion: 'TLSv1.3',
        });
  http.listen(port, published === undefined ? '127.0.0.1' : '0.0.0.0');
  await once(http, 'listening');
  return http;
}

/** The provider reads its keys once. A rotation is a provider with other keys and the same memory. */
function rotatingProvider(
  issuer: string,
  parts: Pick<ConfigurationParts, 'resources' | 'clients' | 'registration'>,
) {
  const fixed = {
    ...parts,
    cookieKey: randomUUID(),
    adapter: createMemoryAdapter(),
  };
  const algorithms = new Set<SigningAlgorithm>(['ES256']);
  for (const { algorithm } of parts.resources.values()) if (algorithm) algorithms.add(algorithm);
  const make = (keys: readonly JsonWebKey[]) => {
    const provider = new Provider(issuer, configurationFor({ ...fixed, keys }));
    provider.on('server_error', (_context: unknown, error: unknown) => {
      console.error(error);
    });
    return { keys, provider, callback: provider.callback() };
  };
  let current = make(makeSigningKeys(algorithms));
  return {
    current: () => current,
    rotate({ withdraw = false }: { readonly withdraw?: boolean } = {}) {
      const fresh = makeSigningKeys(algorithms);
      current = make(withdraw ? fresh : [...fresh, ...current.keys]);
    },
  };
}

type Current = ReturnType<typeof rotatingProvider>['current'];

/** Answers, counts, and stops answering when told to. */
function serve(http: Server, current: Current) {
  const counts = new Map<string, number>();
  let waiting: PromiseWithResolvers<void> | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
    await waiting?.promise;
    const { provider, callback } = current();
    await (INTERACTION.test(pathname)
      ? interact(provider, request, response)
      : callback(request, response));
  }

  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  return {
    asked: (path: string) => counts.get(path) ?? 0,
    pause: () => {
      waiting ??= Promise.withResolvers();
    },
    resume: () => {
      waiting?.resolve();
      waiting = undefined;
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

function unknownClient(id: string): never {
  throw new Error(`no client ${id}`);
}
