import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { type ConnectionTarget, refuse } from '../../guard/index.ts';
import type { Credentials } from './credentials.ts';

/** How long connecting may take, from the first byte to the server’s greeting, in milliseconds. */
export const CONNECT_MS = 5000;
/** When a silent peer is asked whether it is still there, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const YES = 0x53;

/**
 * Opens a connection to the server, encrypted as the target says. Statements and requests to cancel
 * go the same way, so that neither is less protected than the other.
 */
export async function openWire(
  target: ConnectionTarget,
  tls: Credentials['tls'],
  signal: AbortSignal,
): Promise<Socket> {
  const socket = dial(target);
  const abort = (): void => void socket.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await happens(socket, 'connect');
    if (target.encryption === 'local') insistOnLoopback(target, socket);
    return target.encryption === 'tls' ? await encrypt(socket, target.host, tls) : socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function dial({ host, port }: ConnectionTarget): Socket {
  const place = host.startsWith('/')
    ? { path: `${host.replace(/\/$/, '')}/.s.PGSQL.${String(port)}` }
    : { host, port };
  const socket = connect({
    ...place,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  return quiet(socket);
}

/** An error that nobody waits for any more is told by the end of the connection, too. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => undefined);
}

/** `localhost` is only a name: a resolver may lead it anywhere, and then the password would go there as it is. */
function insistOnLoopback({ host }: ConnectionTarget, { remoteAddress }: Socket): void {
  if (host.startsWith('/')) return;
  // A connection that has ended meanwhile has no address any more: that is no wrong one, and passes.
  if (remoteAddress === undefined) throw new Error('closed');
  if (!/^(?:::1$|(?:::ffff:)?127\.)/.test(remoteAddress))
    refuse('database.refused', {
      hint: 'The host does not lead to this machine, so it needs TLS: sslmode=verify-full.',
    });
}

/**
 * The handshake begins with the very event that allows it, and the answer is one byte: whatever
 * somebody put behind it in plain would otherwise be read as if it had come encrypted (CVE-2021-23222).
 */
async function encrypt(plain: Socket, host: string, tls: Credentials['tls']): Promise<Socket> {
  const encrypted = await new Promise<Socket>((resolve, reject) => {
    plain.once('close', () => reject(new Error('closed')));
    plain.once('error', reject);
    plain.once('data', (answer: Buffer) => {
      if (answer.length !== 1 || answer[0] !== YES) {
        reject(new TlsRefused());
        return;
      }
      const options = {
        ...tls,
        socket: plain,
        // Verified against the host; an address is no name to be indicated (RFC 6066).
        host,
        ...(isIP(host) === 0 && { servername: host }),
        ALPNProtocols: ['postgresql'],
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
      } as const;
      resolve(quiet(connectTls(options)));
    });
    plain.write(SSL_REQUEST);
  });
  try {
    await happens(encrypted, 'secureConnect');
    return encrypted;
  } catch (error) {
    encrypted.destroy();
    throw error;
  }
}

/** The server does not speak TLS. */
class TlsRefused extends Error {
  override readonly name = 'TlsRefused';
}

function happens(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}
