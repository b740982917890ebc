import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way from the loopback address to somewhere else. */
export interface Passage {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on loopback for what a container runtime may have put on another address: a server speaks to
 * its store in the clear on loopback only. The target is asked for with each connection.
 */
export async function startPassage(
  target: () => { readonly host: string; readonly port: number },
): Promise<Passage> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const listener = createServer((client) => {
    const server = connect(target());
    keep(client);
    keep(server);
    client.pipe(server).pipe(client);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
