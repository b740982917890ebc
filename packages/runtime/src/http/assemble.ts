import type { Grant, Verified } from '@secure-mcp/auth';
import { isWithdrawn } from '@secure-mcp/auth/network';

import { type Application, createApplication } from '../application.ts';
import type { Call } from '../call/call.ts';
import { type CommonOptions, limitsOf, rateOf } from '../config/common.ts';
import { withConfigured } from '../mcp/lock.ts';
import { heedRefusals } from '../mcp/protocol-error.ts';
import { buildMcpServer } from '../mcp/register.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import type { Store } from '../store/store.ts';
import { createAuthorizer } from './authorize.ts';
import { type Bridge, createBridge } from './bridge.ts';
import { callerOf } from './callers.ts';
import { authenticatorOf } from './credentials.ts';
import { directionsOf } from './directions.ts';
import { endQuietly } from './end-quietly.ts';
import { whenOver } from './exchange-open.ts';
import { createFront, type Front } from './front.ts';
import type { Admitted, FrontLimits, FrontParts } from './front-parts.ts';
import { createHealth } from './health.ts';
import { createFrontLimits } from './limits.ts';
import { createRefusalTrail } from './refusal-trail.ts';
import type { Tenancy } from './serving.ts';
import { type Endpoint, messageRateOf, resourceOf, rulesOf } from './settings.ts';
import type { World } from './world.ts';

/**
 * Calls that run at the same time, over all callers: each can hold a worker, a connection to a database
 * or a process, of which there are few.
 */
const CALLS_MAX = 64;

/** A front that is ready to answer. */
export interface Assembled {
  readonly answer: Front;
  readonly bridge: Bridge;
  readonly resource: URL;
  readonly app: Pick<Application<never>, 'assertReviewed' | 'dispatch' | 'recordStop'>;
  /** Readiness fails from here on. */
  drain(): void;
  /** Records what was counted of floods of refusals, and not recorded. */
  flush(): void;
}

/** Puts the parts together, for the URL under which clients know the server. */
export function assemble<Options extends ServerOptions, Context>(
  world: World<Context>,
  definition: ServerDefinition<Options, Context>,
  { common, bound }: { readonly common: CommonOptions; readonly bound: Endpoint },
): Assembled {
  const { serving, store, live, metrics, audit, logger, reloads, revocations } = world;
  const resource = resourceOf(common, bound);
  const { app, callerOfRequest } = applicationOf(world, definition, { common, resource });
  const { scopes } = serving.first.services;
  const { title } = definition.identity;
  const { challenges, documents } = directionsOf({ common, resource, title, scopes });
  const bridge = createBridge({
    build: (caller, delivery, onRefused) =>
      endQuietly(heedRefusals(buildMcpServer(app, caller, delivery), onRefused)),
    callerOf: callerOfRequest,
    authorizer: createAuthorizer(app),
    challenges,
    resource,
    streamsMax: common.streams,
    audit,
    logger,
  });
  serving.onChange(() => bridge.endStreams());
  const isRevoked = watchRevoked(world);
  const health = createHealth([reloads]);
  const trail = createRefusalTrail({ audit, logger });
  const answer = createFront(
    {
      rules: rulesOf(common, bound, resource),
      limits: limitsOfFront(common, store),
      authenticator: authenticatorOf({
        common,
        sources: world.sources,
        resource,
        revocations: () => revocations.current(),
        singleUse: store,
        reloads,
        listeners: world.listeners,
        scopes,
      }),
      challenges,
      documents: new Map([...health.documents, ...documents]),
      serveMcp: bridge.serveMcp,
      live,
      isRevoked,
      metrics,
      audit,
      logger,
    },
    trail,
  );
  return {
    answer,
    bridge,
    resource,
    app,
    drain: () => health.drain(),
    flush: () => trail.end(),
  };
}

function limitsOfFront(common: CommonOptions, store: Store): FrontLimits {
  return createFrontLimits({
    store,
    addressRate: rateOf(common.addressRateLimit),
    failureRate: rateOf(common.failureLimit),
    messageRate: messageRateOf(common),
    placesMax: common.requests,
  });
}

/**
 * Ends a request under way once its credential is taken back, in whichever of the files. Gives back what
 * is asked of one that was not under way then, because it was still being verified.
 */
function watchRevoked<Context>({
  revocations,
  sources,
  tls,
  live,
}: World<Context>): FrontParts['isRevoked'] {
  let replacedAt = -Infinity;
  revocations.onChange(() =>
    live.endWhere((verified) => revocations.current().isRevoked(verified)),
  );
  sources.keys?.onChange((keys) => live.endWhere((verified) => isWithdrawn(verified, keys)));
  tls?.onChange((now, former) => {
    if (now.clientCa === former.clientCa) return;
    // Whoever the former authority let in has to be let in by the new one.
    replacedAt = performance.now();
    live.endWhere(restsOnCertificate);
  });
  return (verified, since) =>
    revocations.current().isRevoked(verified) ||
    isWithdrawn(verified, sources.keys?.current) ||
    (since <= replacedAt && restsOnCertificate(verified));
}

/** Also a key or a token that is bound to nothing: without the certificate there was no connection for it. */
function restsOnCertificate({ certificate }: Verified): boolean {
  return certificate !== undefined;
}

/** The application that outlives every policy, and who a request's caller is under the one of now. */
function applicationOf<Options extends ServerOptions, Context>(
  { serving, store, stateKey, audit, logger }: World<Context>,
  definition: ServerDefinition<Options, Context>,
  { common, resource }: { readonly common: CommonOptions; readonly resource: URL },
) {
  const { identity, resources, prompts } = definition;
  const { tools: configured = [] } = serving.first.services;
  /** What a call is served with, by the grant that was made for its request. */
  const tenancies = new WeakMap<Grant, Tenancy<Context>>();
  const app = createApplication<Context>({
    identity,
    tools: [...definition.tools, ...configured],
    resources,
    prompts,
    lock: withConfigured(definition.lock, configured),
    contextOf(call: Call) {
      const tenancy = tenancies.get(call.grant);
      if (tenancy === undefined) throw new Error('a call without a request');
      return tenancy.contextOf(call);
    },
    audit,
    logger,
    bounds: { store, stateKey, callsMax: CALLS_MAX, resource: resource.href },
  });
  const limits = limitsOf(common);
  const { secrets } = common;
  const callerOfRequest = ({ exchange, verified, address }: Admitted) => {
    const tenancy = serving.enter();
    whenOver(exchange, tenancy.leave);
    const { policy, scopes } = tenancy;
    const caller = callerOf(verified, address, { policy, ceiling: { scopes, limits, secrets } });
    tenancies.set(caller.grant, tenancy);
    return caller;
  };
  return { app, callerOfRequest };
}
