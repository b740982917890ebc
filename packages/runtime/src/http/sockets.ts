import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The open connections, and the answers that are under way on them. */
export interface Sockets {
  /** Takes a connection in, as it was accepted: before TLS. */
  accept(socket: Socket): void;
  /** Takes in what requests come over where it is not what was accepted: a TLS connection. */
  secure(socket: Socket): void;
  /**
   * Takes in a request, until its answer is complete. False for one that must not be served: its
   * connection was to close before it came.
   */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  /** True while an answer is under way on the connection. */
  isBusy(socket: Duplex): boolean;
  /** Closes all that are open now: the idle ones at once, the busy ones after their answer. */
  retire(): void;
  /** Closes all that are open now, in the middle of whatever they do. */
  destroy(): void;
  readonly size: number;
  /** Answers under way. */
  readonly busy: number;
}

interface Connection {
  readonly accepted: Socket;
  readonly responses: Set<ServerResponse>;
  isRetired: boolean;
}

export function createSockets(): Sockets {
  const open = new Map<string, Connection>();
  const ofSocket = new WeakMap<Duplex, Connection>();

  return {
    accept(socket) {
      const connection: Connection = { accepted: socket, responses: new Set(), isRetired: false };
      const name = nameOf(socket);
      open.set(name, connection);
      ofSocket.set(socket, connection);
      socket.once('close', () => {
        if (open.get(name) === connection) open.delete(name);
      });
    },
    secure(socket) {
      const connection = open.get(nameOf(socket));
      // What was retired while it shook hands is closed, and known no more.
      if (connection === undefined) socket.destroy();
      else ofSocket.set(socket, connection);
    },
    begin({ socket }, response) {
      const connection = ofSocket.get(socket);
      if (connection === undefined) return true;
      // Whoever leaves an answer unread could go on for ever with what is not believed any more.
      if (connection.isRetired) {
        connection.accepted.destroy();
        return false;
      }
      const { responses } = connection;
      responses.add(response);
      response.once('close', () => {
        responses.delete(response);
        if (connection.isRetired && responses.size === 0) socket.destroySoon();
      });
      return true;
    },
    isBusy: (socket) => (ofSocket.get(socket)?.responses.size ?? 0) > 0,
    retire() {
      for (const connection of open.values()) {
        connection.isRetired = true;
        // One request is answered; what waits behind its answer has not begun.
        if (connection.responses.size !== 1) connection.accepted.destroy();
        // Tells the client not to use the connection again, where it can still be told.
        for (const response of connection.responses) response.shouldKeepAlive = false;
      }
    },
    destroy() {
      for (const { accepted } of open.values()) accepted.destroy();
    },
    get size() {
      return open.size;
    },
    get busy() {
      let busy = 0;
      for (const { responses } of open.values()) busy += responses.size;
      return busy;
    },
  };
}

/** Node does not say which connection a TLS one stands on; its two ends do. */
function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].map(String).join(' ');
}
