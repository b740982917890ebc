import type { Run } from '../database.ts';
import { make } from '../errors.ts';
import { type Answer, type Connection } from './connection.ts';
import { clean, type Flight, fly } from './flight.ts';

/** On top of a call's time before the server is no longer waited for. It ends the statement itself by then. */
const GRACE_MS = 500;
/** How long cancelling may take until the session is given up, in milliseconds. */
const CANCEL_MS = 2000;

/**
 * Flies under a call's signal and deadline. Whoever stops waiting also stops the work: the server is
 * asked to cancel, and what does not end then loses its connection.
 */
export async function flyWatched(
  connection: Connection,
  flight: Flight,
  run: Run,
): Promise<readonly Answer[]> {
  const watch = startWatch(run);
  try {
    watch.signal.throwIfAborted();
    const landed = fly(connection, flight);
    if (await endsBefore(watch.signal, landed)) return await landed;
    await stop(connection, landed);
    throw watch.signal.reason;
  } finally {
    watch.end();
  }
}

/** The call's own signal, and its deadline even when nobody tells: a network that swallows everything does not. */
export function startWatch({ signal, deadline }: Run): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  const leftMs = Math.max(0, deadline - performance.now() + GRACE_MS);
  const timer = setTimeout(() => controller.abort(make('database.timeout')), leftMs);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** True when the work settles before the signal is given. */
function endsBefore(signal: AbortSignal, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const aborted = (): void => resolve(false);
    const settled = (): void => {
      signal.removeEventListener('abort', aborted);
      resolve(true);
    };
    signal.addEventListener('abort', aborted, { once: true });
    work.then(settled, settled);
  });
}

/**
 * Cancels, and leaves the connection either clean or destroyed.
 *
 * A cancelling that arrives late hits whatever the session runs by then, which must not be the next
 * call. So the server has hung up on the request, and one more cleaning has gone through, before the
 * session is anybody's again.
 */
async function stop(connection: Connection, landed: Promise<unknown>): Promise<void> {
  const patience = AbortSignal.timeout(CANCEL_MS);
  const isClean = cancel(connection, landed, patience).catch(() => false);
  if (!(await endsBefore(patience, isClean)) || !(await isClean)) connection.destroy();
}

async function cancel(
  connection: Connection,
  landed: Promise<unknown>,
  patience: AbortSignal,
): Promise<boolean> {
  await connection.cancel(patience);
  await landed.catch(() => undefined);
  // The first one takes a late cancelling in; the second has to go through.
  return connection.isAlive && ((await clean(connection)) || clean(connection));
}
