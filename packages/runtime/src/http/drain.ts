import { Server as NetServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import type { Listener } from './listener.ts';

export interface DrainOptions {
  /** How long calls under way may go on, in milliseconds. */
  readonly drainMs: number;
  /** Readiness fails from here on. */
  readonly onDraining: () => void;
  /**
   * How long requests are still accepted after readiness has failed, in milliseconds, for a load
   * balancer to notice. 0 unless told otherwise.
   */
  readonly noticeMs?: number;
  /** Answers under way that end only when they are told to: open streams. */
  readonly streams: () => number;
  /**
   * Ends the streams. Called after the calls, because the SDK's `close()` aborts calls that still
   * run, and their clients would get no answer.
   */
  readonly endStreams: () => Promise<void> | void;
  /** Aborts when nobody wants to wait any longer. */
  readonly hard: AbortSignal;
}

/** How long streams may take to write their end, in milliseconds. */
const SETTLE_MS = 2000;
/** How often it is looked whether the last answer is out, in milliseconds. */
const LOOK_MS = 20;

/**
 * Stops a server so that its clients notice as little as can be: readiness fails, no new connection
 * is taken and idle ones are closed, calls under way are answered, then streams end, then whatever
 * is left is closed. Resolves to true when nothing had to be cut off. It never rejects.
 */
export async function closeGracefully(
  { server, sockets }: Pick<Listener, 'server' | 'sockets'>,
  options: DrainOptions,
): Promise<boolean> {
  const { drainMs, noticeMs = 0, streams, hard } = options;
  options.onDraining();
  if (noticeMs > 0) await settled(() => false, noticeMs, hard);

  const closed = stopListening(server);
  // Each answer from here on tells its client that the connection ends.
  sockets.retire();
  const areCallsDone = await settled(() => sockets.busy <= streams(), drainMs, hard);
  const haveStreamsEnded = await endedInTime(options.endStreams, hard);
  const areAllAnswered = await settled(() => sockets.busy === 0, SETTLE_MS, hard);
  // A connection still stands while the last bytes of its answer are on their way.
  if (areAllAnswered) await settled(() => sockets.size === 0, SETTLE_MS, hard);
  sockets.destroy();
  server.closeAllConnections();
  await closed;
  return areCallsDone && haveStreamsEnded && areAllAnswered && !hard.aborted;
}

/**
 * Takes no new connection. The `close` of `node:http` would also destroy connections that it holds to
 * be idle, and that is where an answer has been ended but not yet been sent: a large one would be cut.
 */
function stopListening(server: Listener['server']): Promise<void> {
  return new Promise((resolve) => {
    Reflect.apply(NetServer.prototype.close, server, [() => resolve()]);
  });
}

/** True when it comes true in time, false when the time is over or somebody is tired of it. */
async function settled(isTrue: () => boolean, ms: number, hard: AbortSignal): Promise<boolean> {
  const end = performance.now() + ms;
  while (!isTrue()) {
    if (hard.aborted || performance.now() >= end) return false;
    // eslint-disable-next-line no-await-in-loop -- It waits.
    await wait(Math.min(LOOK_MS, ms));
  }
  return true;
}

/** True when the streams were ended in time. */
async function endedInTime(end: () => Promise<void> | void, hard: AbortSignal): Promise<boolean> {
  try {
    const ended = Promise.resolve(end()).then(() => true);
    return await Promise.race([ended, wait(SETTLE_MS, false, { ref: false, signal: hard })]);
  } catch {
    return false;
  }
}

/** SIGINT and SIGTERM. The first asks to stop, the second not to wait. */
export interface StopSignals {
  /** Resolves with the first. */
  readonly stopping: Promise<void>;
  /** Aborts with the second. */
  readonly hard: AbortSignal;
  /** Listens no more. */
  close(): void;
}

export function listenForStop(): StopSignals {
  const { promise: stopping, resolve } = Promise.withResolvers<void>();
  const controller = new AbortController();
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) controller.abort();
    isStopping = true;
    resolve();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    stopping,
    hard: controller.signal,
    close: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
