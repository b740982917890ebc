import type { Prepared } from '../cli/prepare.ts';
import type { CommonOptions } from '../config/common.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import { assemble, type Assembled } from './assemble.ts';
import type { Binding } from './bind.ts';
import { type Bindings, bindingsOf, listenOn } from './bindings.ts';
import { collectOften } from './collector.ts';
import { closeGracefully, listenForStop, type StopSignals } from './drain.ts';
import type { Front } from './front.ts';
import { createListener, type Listener } from './listener.ts';
import { createMetricsListener } from './metrics-listener.ts';
import { assertAsReviewed, recordStart } from './review.ts';
import { addressesOf } from './settings.ts';
import { warningsNow, warnOfChanges } from './warnings.ts';
import { openWorld, type World } from './world.ts';

export { checkHttp } from './check.ts';

/**
 * Serves callers over HTTP until a signal stops it. Resolves to false when something did not let go
 * in time. Rejects with a ConfigurationProblem before anybody is served.
 */
export async function serveOverHttp<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  prepared: Prepared<Options>,
): Promise<boolean> {
  const bindings = await bindingsOf(prepared);
  collectOften();
  const world = await openWorld(definition, prepared);
  // Until here nobody is served, and a signal may end the process as it ends any.
  const stop = listenForStop();
  const stopListening = world.reloads.onSignal(() => world.reload());
  /** All that listen. */
  const listeners: Listener[] = [];
  try {
    const { listener, front } = await start({ definition, prepared, world, bindings, listeners });
    await stop.stopping;
    return await end({ world, listener, front, stop, common: prepared.common });
  } catch (error) {
    await world.close();
    throw error;
  } finally {
    stopListening();
    stop.close();
    for (const { server, sockets } of listeners) {
      server.close();
      sockets.destroy();
    }
  }
}

interface Start<Options extends ServerOptions, Context> {
  readonly definition: ServerDefinition<Options, Context>;
  readonly prepared: Prepared<Options>;
  readonly world: World<Context>;
  readonly bindings: Bindings;
  /** Takes each listener, so that one is closed when the next cannot listen. */
  readonly listeners: Listener[];
}

/** Listens, and answers once it is known under which URL. Rejects with a ConfigurationProblem. */
async function start<Options extends ServerOptions, Context>({
  definition,
  prepared,
  world,
  bindings: { binding, metrics },
  listeners,
}: Start<Options, Context>): Promise<{ listener: Listener; front: Assembled }> {
  const { common } = prepared;
  assertAsReviewed(definition, world.serving.first.services, world);
  if (metrics !== undefined) {
    const beside = createMetricsListener(() => world.metrics.text());
    listeners.push(beside);
    await listenOn(beside, '--metrics', metrics);
  }
  const { listener, attach } = listenerOf(world, common, binding);
  listeners.push(listener);
  const port = await listenOn(listener, '--http', binding);
  const front = assemble(world, definition, { common, bound: { host: binding.host, port } });
  recordStart(front.app);
  attach(front.answer);
  warnOfChanges(world, common);
  announce(front.resource, prepared, world);
  return { listener, front };
}

/** Says where it serves, on stderr: the one line that an operator and a supervisor wait for. */
function announce<Context>(
  resource: URL,
  { common, logger }: Pick<Prepared<ServerOptions>, 'common' | 'logger'>,
  world: World<Context>,
): void {
  const { warnings } = world.serving.first;
  const { revocations } = world;
  for (const warning of [...warnings, ...warningsNow(world, common), ...revocations.warnings()])
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
  const listener = createListener({
    answer: (request, response) => front(request, response),
    addresses: addressesOf(common),
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
