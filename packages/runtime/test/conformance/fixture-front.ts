/**
 * The suite's fixtures behind our front: the parts are those of a server, and all that is the test's
 * own is who may come in and what is served.
 */
import { once } from 'node:events';

import { isLegacyRequest } from '@modelcontextprotocol/server';
import { localPrincipal } from '@secure-mcp/auth';
import { createChallenges } from '@secure-mcp/auth/network';

import { createBridge } from '../../src/http/bridge.ts';
import { callerOf } from '../../src/http/callers.ts';
import { createFront, type Front } from '../../src/http/front.ts';
import type { Admitted, FrontParts, ServeMcp } from '../../src/http/front-parts.ts';
import { createFrontLimits } from '../../src/http/limits.ts';
import { createListener } from '../../src/http/listener.ts';
import { createLiveRequests } from '../../src/http/live-requests.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { FrontRules } from '../../src/http/rules.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { createFixtures } from './fixtures.ts';
import { createSessions } from './sessions.ts';

/** Above what the suite needs, and limits all the same. */
const RATE = { calls: 10_000, seconds: 60 };
const ADDRESSES = { allow: undefined, proxies: undefined };

export interface FixtureFront {
  readonly url: URL;
  close(): Promise<void>;
}

export async function startFixtureFront(): Promise<FixtureFront> {
  const store = memoryStore();
  const live = createLiveRequests();
  let front: Front = (request) => request.socket.destroy();
  const listener = createListener({
    answer: (request, response) => front(request, response),
    addresses: ADDRESSES,
    proxiesOnly: false,
  });
  const port = await listener.listen({ host: '127.0.0.1', port: 0 });
  const url = new URL(`http://127.0.0.1:${String(port)}/mcp`);
  const parts = partsFor(url);
  const served = serveFixtures(url, parts);
  front = createFront({
    ...parts,
    rules: rulesFor(url),
    limits: createFrontLimits({
      store,
      addressRate: RATE,
      failureRate: RATE,
      messageRate: RATE,
      placesMax: 100,
    }),
    documents: new Map(),
    serveMcp: served.serveMcp,
    live,
    isRevoked: () => false,
    metrics: createMetrics({
      live: () => live.size,
      connections: () => listener.sockets.size,
      storeHealthy: () => true,
      configHealthy: () => true,
    }),
  });
  return {
    url,
    async close() {
      const closed = once(listener.server, 'close');
      listener.server.close();
      await served.close();
      listener.server.closeAllConnections();
      await closed;
      await store.close();
    },
  };
}

function rulesFor({ host, pathname, origin }: URL): FrontRules {
  return {
    path: pathname,
    hosts: new Set([host]),
    origins: new Set([origin]),
    addresses: ADDRESSES,
    bodyBytesMax: 1_048_576,
    bodyMs: 10_000,
    secure: false,
  };
}

type Own = Pick<FrontParts, 'authenticator' | 'challenges' | 'audit' | 'logger'>;

/** The suite shows no credential: whoever reaches this loopback is its local user. */
function partsFor({ origin }: URL): Own {
  const principal = localPrincipal([]);
  const quiet = (): void => undefined;
  return {
    authenticator: {
      authenticate: async () => ({
        ok: true,
        verified: { principal, method: 'none', expiresAt: Infinity },
      }),
    },
    challenges: createChallenges({
      resourceMetadataUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
      scopes: [],
      bearer: true,
      dpopAlgorithms: [],
    }),
    audit: { record: quiet },
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet, flush: async () => undefined },
  };
}

interface Served {
  readonly serveMcp: ServeMcp;
  close(): Promise<void>;
}

/** Clients of today through our bridge; those of 2025 in sessions, where a tool can ask them something. */
function serveFixtures(resource: URL, parts: Own): Served {
  const build = createFixtures();
  const bridge = createBridge({
    ...parts,
    build,
    callerOf: ({ verified, address }) =>
      callerOf(verified, address, {
        policy: undefined,
        ceiling: {
          scopes: [],
          limits: { rates: [RATE], concurrency: 8, deadlineMs: 10_000, resultBytes: 65_536 },
          secrets: 'redact',
        },
      }),
    authorizer: { scopesNeeded: () => [], mayWatch: (uri) => uri === 'test://watched-resource' },
    resource,
    streamsMax: 8,
  });
  const sessions = createSessions(build);
  return {
    async serveMcp(admitted) {
      const request = requestOf(admitted, resource);
      const isLegacy = await isLegacyRequest(request, admitted.message);
      return isLegacy ? sessions.serve(admitted, request) : bridge.serveMcp(admitted);
    },
    async close() {
      await Promise.all([bridge.close(), sessions.close()]);
    },
  };
}

function requestOf({ headers, signal }: Admitted, resource: URL): Request {
  return new Request(resource, { method: 'POST', headers: [...headers], signal });
}
