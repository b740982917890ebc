import type { Grant } from '@secure-mcp/auth';

import { type Application, createApplication } from '../application.ts';
import type { Call } from '../call/call.ts';
import type { Prepared } from '../cli/prepare.ts';
import { type CommonOptions, limitsOf, rateOf } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { withConfigured } from '../mcp/lock.ts';
import { buildMcpServer } from '../mcp/register.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import { createAuthorizer } from './authorize.ts';
import { type Binding, decideBinding } from './bind.ts';
import { type Bridge, createBridge } from './bridge.ts';
import { callerOf } from './callers.ts';
import { authenticatorOf } from './credentials.ts';
import { closeGracefully, listenForStop, type StopSignals } from './drain.ts';
import { createFront, type Front } from './front.ts';
import type { Admitted } from './front-parts.ts';
import { createHealth } from './health.ts';
import { createFrontLimits } from './limits.ts';
import { createListener, type Listener } from './listener.ts';
import { createMetricsListener } from './metrics-listener.ts';
import { directionsOf } from './directions.ts';
import type { Tenancy } from './serving.ts';
import {
  assertHttpOptions,
  type Endpoint,
  endpointOf,
  messageRateOf,
  resourceOf,
  rulesOf,
} from './settings.ts';
import { checkFiles, openWorld, type World } from './world.ts';

/**
 * Serves callers over HTTP until a signal stops it. Resolves to false when something did not let go
 * in time. Rejects with a ConfigurationProblem before anybody is served.
 */
export async function serveOverHttp<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  prepared: Prepared<Options>,
): Promise<boolean> {
  const { common } = prepared;
  const { binding, metrics } = await bindingsOf(common);
  const stop = listenForStop();
  const world = await openWorld(definition, prepared);
  const { listener, attach } = listenerOf(world, common, binding);
  const port = await listenOn(listener, '--http', binding);
  const front = assemble(world, definition, { common, bound: { host: binding.host, port } });
  attach(front.answer);
  const beside = await serveMetrics(world, metrics);
  const stopListening = world.reloads.onSignal();
  announce(front.resource, prepared, world);
  await stop.stopping;
  const isClean = await end({ world, listener, front, stop, drainMs: common.drainMs });
  stopListening();
  beside?.server.close();
  return isClean;
}

/** Judges all that serving would read, and gives what an operator should know. */
export async function checkHttp<Options extends ServerOptions>({
  common,
  logger,
}: Prepared<Options>): Promise<readonly string[]> {
  await bindingsOf(common);
  await checkFiles(common, logger);
  return warningsOf(common);
}

interface Bindings {
  readonly binding: Binding;
  readonly metrics: Binding | undefined;
}

async function bindingsOf(common: CommonOptions): Promise<Bindings> {
  assertHttpOptions(common);
  const secure = common.tlsCert !== undefined;
  const binding = await decideBinding(endpointOf('--http', common.http ?? ''), {
    field: '--http',
    secure,
    proxied: common.behindProxy.length > 0,
    authenticated: !common.unsafeNoAuth,
  });
  if (common.metrics === undefined) return { binding, metrics: undefined };
  // Whoever may see how much is done is not asked who he is.
  const open = { field: '--metrics', secure: false, proxied: false, authenticated: false };
  return { binding, metrics: await decideBinding(endpointOf('--metrics', common.metrics), open) };
}

function warningsOf({ unsafeNoAuth, store, stateKeyFile }: CommonOptions): readonly string[] {
  return [
    ...(unsafeNoAuth
      ? ['--unsafe-no-auth: whoever can connect to this port is the local user']
      : []),
    ...(store !== undefined && stateKeyFile === undefined
      ? ['--store without --state-key-file: a person’s answer has to reach the replica that asked']
      : []),
  ];
}

/** Says where it serves, on stderr: the one line that an operator and a supervisor wait for. */
function announce<Context>(
  resource: URL,
  { common, logger }: Pick<Prepared<ServerOptions>, 'common' | 'logger'>,
  { serving }: World<Context>,
): void {
  for (const warning of [...serving.first.warnings, ...warningsOf(common)]) logger.warn(warning);
  process.stderr.write(`serving ${resource.href}\n`);
}

interface Attachable {
  readonly listener: Listener;
  attach(answer: Front): void;
}

/** The listener before there is a front: under which URL it is reached is known once it listens. */
function listenerOf<Context>(
  world: World<Context>,
  common: CommonOptions,
  { proxiesOnly }: Binding,
): Attachable {
  const { promise: attached, resolve: attach } = Promise.withResolvers<Front>();
  let front: Front = (request, response) =>
    void attached.then((answer) => answer(request, response));
  const { addresses } = rulesOf(common, { host: '', port: 0 }, new URL('http://localhost/'));
  const listener = createListener({
    answer: (request, response) => front(request, response),
    addresses,
    proxiesOnly,
    limits: { connectionsMax: common.sockets },
    onDropped: (reason) => world.metrics.dropped(reason),
    ...(world.tls !== undefined && {
      tls: {
        material: world.tls,
        rules: {
          allowTls12: common.tlsMinVersion === '1.2',
          clientOptional: common.tlsClientOptional,
        },
      },
    }),
  });
  world.useSockets(listener.sockets);
  return {
    listener,
    attach(answer) {
      front = answer;
      attach(answer);
    },
  };
}

async function listenOn(listener: Listener, field: string, endpoint: Endpoint): Promise<number> {
  try {
    return await listener.listen(endpoint);
  } catch {
    throw new ConfigurationProblem(field, 'the address cannot be listened on');
  }
}

interface Assembled {
  readonly answer: Front;
  readonly bridge: Bridge;
  readonly resource: URL;
  readonly app: Pick<Application<never>, 'dispatch' | 'recordStop'>;
  /** Readiness fails from here on. */
  drain(): void;
}

/** Puts the parts together, for the URL under which clients know the server. */
function assemble<Options extends ServerOptions, Context>(
  world: World<Context>,
  definition: ServerDefinition<Options, Context>,
  { common, bound }: { readonly common: CommonOptions; readonly bound: Endpoint },
): Assembled {
  const { serving, store, live, metrics, audit, logger, reloads, revocations } = world;
  const resource = resourceOf(common, bound);
  const { app, callerOfRequest } = applicationOf(world, definition, common);
  const { scopes } = serving.first.services;
  const { title } = definition.identity;
  const { challenges, documents } = directionsOf({ common, resource, title, scopes });
  const bridge = createBridge({
    build: (caller, delivery) => buildMcpServer(app, caller, delivery),
    callerOf: callerOfRequest,
    authorizer: createAuthorizer(app),
    challenges,
    resource,
    streamsMax: common.streams,
    audit,
    logger,
  });
  serving.onChange(() => bridge.endStreams());
  revocations.onChange(() =>
    live.endWhere((verified) => revocations.current().isRevoked(verified)),
  );
  const health = createHealth([reloads]);
  const answer = createFront({
    rules: rulesOf(common, bound, resource),
    limits: createFrontLimits({
      store,
      addressRate: rateOf(common.addressRateLimit),
      failureRate: rateOf(common.failureLimit),
      messageRate: messageRateOf(common),
      placesMax: common.requests,
    }),
    authenticator: authenticatorOf({
      common,
      sources: world.sources,
      resource,
      revocations: () => revocations.current(),
      singleUse: store,
      reloads,
      scopes,
    }),
    challenges,
    documents: new Map([...health.documents, ...documents]),
    serveMcp: bridge.serveMcp,
    live,
    metrics,
    audit,
    logger,
  });
  return { answer, bridge, resource, app, drain: () => health.drain() };
}

/** The application that outlives every policy, and who a request's caller is under the one of now. */
function applicationOf<Options extends ServerOptions, Context>(
  { serving, store, stateKey, audit, logger }: World<Context>,
  definition: ServerDefinition<Options, Context>,
  common: CommonOptions,
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
    bounds: { store, stateKey },
  });
  const callerOfRequest = ({ exchange, verified, address }: Admitted) => {
    const tenancy = serving.enter();
    exchange.response.once('close', tenancy.leave);
    const { policy, scopes } = tenancy;
    const ceiling = { scopes, limits: limitsOf(common), secrets: common.secrets };
    const caller = callerOf(verified, address, { policy, ceiling });
    tenancies.set(caller.grant, tenancy);
    return caller;
  };
  return { app, callerOfRequest };
}

async function serveMetrics<Context>(
  { metrics }: World<Context>,
  binding: Binding | undefined,
): Promise<Listener | undefined> {
  if (binding === undefined) return undefined;
  const listener = createMetricsListener(() => metrics.text());
  await listenOn(listener, '--metrics', binding);
  return listener;
}

interface Ending<Context> {
  readonly world: World<Context>;
  readonly listener: Listener;
  readonly front: Assembled;
  readonly stop: StopSignals;
  readonly drainMs: number;
}

/** Lets calls under way finish, and lets go of everything. */
async function end<Context>({
  world,
  listener,
  front,
  stop,
  drainMs,
}: Ending<Context>): Promise<boolean> {
  const wasGraceful = await closeGracefully(listener, {
    drainMs,
    onDraining: front.drain,
    streams: () => front.bridge.streams(),
    endStreams: () => front.bridge.close(),
    hard: stop.hard,
  });
  await front.app.dispatch.drain(0);
  front.app.recordStop();
  stop.close();
  if (!wasGraceful) world.logger.warn('calls were cut off by the end');
  return world.close();
}
