import type { Prepared } from '../cli/prepare.ts';
import type { CommonOptions } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import { assemble, type Assembled } from './assemble.ts';
import { type Binding, decideBinding } from './bind.ts';
import { collectOften } from './collector.ts';
import { closeGracefully, listenForStop, type StopSignals } from './drain.ts';
import type { Front } from './front.ts';
import { createListener, type Listener } from './listener.ts';
import { createMetricsListener } from './metrics-listener.ts';
import { assertHttpOptions, type Endpoint, endpointOf, rulesOf } from './settings.ts';
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
  const { binding, metrics } = await bindingsOf(prepared);
  collectOften();
  const world = await openWorld(definition, prepared);
  // Until here nobody is served, and a signal may end the process as it ends any.
  const stop = listenForStop();
  const stopListening = world.reloads.onSignal();
  const beside = await serveMetrics(world, metrics);
  const { listener, attach } = listenerOf(world, common, binding);
  const port = await listenOn(listener, '--http', binding);
  const front = assemble(world, definition, { common, bound: { host: binding.host, port } });
  attach(front.answer);
  announce(front.resource, prepared, world);
  await stop.stopping;
  const isClean = await end({ world, listener, front, stop, common });
  stopListening();
  beside?.server.close();
  return isClean;
}

/** Judges all that serving would read, and gives what an operator should know. */
export async function checkHttp<Options extends ServerOptions>(
  prepared: Prepared<Options>,
): Promise<readonly string[]> {
  const { common, logger } = prepared;
  await bindingsOf(prepared);
  return [...warningsOf(common), ...(await checkFiles(common, logger))];
}

interface Bindings {
  readonly binding: Binding;
  readonly metrics: Binding | undefined;
}

async function bindingsOf({
  common,
  given,
}: Pick<Prepared<ServerOptions>, 'common' | 'given'>): Promise<Bindings> {
  assertHttpOptions(common, given);
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
  { serving, revocations }: World<Context>,
): void {
  const { warnings } = serving.first;
  for (const warning of [...warnings, ...warningsOf(common), ...revocations.warnings()])
    logger.warn(warning);
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
  readonly common: CommonOptions;
}

/** Lets calls under way finish, and lets go of everything. */
async function end<Context>({
  world,
  listener,
  front,
  stop,
  common,
}: Ending<Context>): Promise<boolean> {
  const wasGraceful = await closeGracefully(listener, {
    drainMs: common.drainMs,
    noticeMs: common.drainNoticeMs,
    onDraining: front.drain,
    streams: () => front.bridge.streams(),
    endStreams: () => front.bridge.close(),
    hard: stop.hard,
  });
  await front.app.dispatch.drain(0);
  front.flush();
  front.app.recordStop();
  stop.close();
  if (!wasGraceful) world.logger.warn('calls were cut off by the end');
  return world.close();
}
