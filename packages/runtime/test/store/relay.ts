import { once } from 'node:events';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** A way to Redis that can be made slow, closed and encrypted. */
export interface Relay {
  readonly port: number;
  /** How much later each answer comes, in milliseconds. */
  delayMs: number;
  /** False: whoever connects is hung up on. */
  open: boolean;
  /** All that clients sent, decrypted. */
  readonly heard: string;
  /** Hangs up on everybody. */
  cut(): void;
  close(): Promise<void>;
}

export interface RelayOptions {
  /** Where Redis is, at each time that somebody connects. */
  target(): { readonly host: string; readonly port: number };
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export async function startRelay({ target, tls }: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  let heard = '';
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const join = (client: Socket): void => {
    keep(client);
    if (!relay.open) return void client.destroy();
    const server = connect(target());
    keep(server);
    client.on('data', (data) => {
      heard += data.toString('latin1');
      server.write(data);
    });
    server.on('data', (data) => setTimeout(() => client.write(data), relay.delayMs));
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  };
  const listener =
    tls === undefined
      ? createTcpServer(join)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, join);
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const relay: Relay = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    delayMs: 0,
    open: true,
    get heard() {
      return heard;
    },
    cut: () => sockets.forEach((socket) => socket.destroy()),
    async close() {
      relay.cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return relay;
}
