import type { ConnectionTarget } from '../../guard/index.ts';
import type { Credentials } from './credentials.ts';
import { openWire } from './wire.ts';

/** What the server gave a session at its start: who holds it may cancel what the session runs. */
export interface BackendKey {
  readonly process: number;
  readonly secret: number;
}

const CANCEL_CODE = 80_877_102;

/**
 * Asks the server to stop what a session runs. Resolves when the server has hung up: it does that
 * after it has sent the signal, so a later statement cannot be hit by a request that is still on its way.
 *
 * It goes the way of the session: the key of an encrypted session is never sent in plain.
 */
export async function requestCancel(
  target: ConnectionTarget,
  tls: Credentials['tls'],
  { process, secret }: BackendKey,
  signal: AbortSignal,
): Promise<void> {
  const socket = await openWire(target, tls, signal);
  const hungUp = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  const request = Buffer.alloc(16);
  request.writeInt32BE(request.length, 0);
  request.writeInt32BE(CANCEL_CODE, 4);
  request.writeInt32BE(process, 8);
  request.writeInt32BE(secret, 12);
  const abort = (): void => void socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  socket.resume().write(request);
  await hungUp;
  signal.removeEventListener('abort', abort);
}
