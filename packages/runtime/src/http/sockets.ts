import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The open connections, and the answers that are under way on them. */
export interface Sockets {
  /** Takes a connection in, as it was accepted: before TLS. `isLasting` is one that makes no room for others. */
  accept(socket: Socket, isLasting?: boolean): void;
  /** Takes in what requests come over where it is not what was accepted: a TLS connection. */
  secure(socket: Socket): void;
  /**
   * Takes in a request, until its answer is complete. False for one that must not be served: its
   * connection was to close before it came.
   */
  begin(request: IncomingMessage, response: ServerResponse): boolean;
  /** True while an answer is under way on the connection. */
  isBusy(socket: Duplex): boolean;
  /**
   * Closes the connection that has been silent the longest, of those that have shown nothing yet: none
   * of its requests was answered with what was asked for. False where there is none.
   */
  makeRoom(): boolean;
  /** Closes all that are open now: the idle ones at once, the busy ones after their answer. */
  retire(): void;
  /** Closes all that are open now, in the middle of whatever they do. */
  destroy(): void;
  readonly size: number;
  /** Answers under way. */
  readonly busy: number;
}

interface Connection {
  readonly name: string;
  readonly accepted: Socket;
  readonly responses: Set<ServerResponse>;
  isRetired: boolean;
  /** True where it is not to be closed for others. */
  isLasting: boolean;
}

export function createSockets(): Sockets {
  const open = new Map<string, Connection>();
  const ofSocket = new WeakMap<Duplex, Connection>();
  const touch = (connection: Connection): void => {
    const { name } = connection;
    if (open.get(name) !== connection) return;
    open.delete(name);
    open.set(name, connection);
  };

  return {
    accept(socket, isLasting = false) {
      const responses = new Set<ServerResponse>();
      const name = nameOf(socket);
      const connection = { name, accepted: socket, responses, isRetired: false, isLasting };
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
    begin({ socket, method }, response) {
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
        if (isServed(method, response)) connection.isLasting = true;
        touch(connection);
        if (connection.isRetired && responses.size === 0) socket.destroySoon();
      });
      return true;
    },
    isBusy: (socket) => (ofSocket.get(socket)?.responses.size ?? 0) > 0,
    makeRoom: () => closeSilent(open.values()),
    retire() {
      for (const connection of open.values()) retireOne(connection);
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

function retireOne(connection: Connection): void {
  const { accepted, responses } = connection;
  connection.isRetired = true;
  // One request is answered; what waits behind its answer has not begun.
  if (responses.size !== 1) accepted.destroy();
  // Tells the client not to use the connection again, where it can still be told.
  for (const response of responses) response.shouldKeepAlive = false;
}

/** Closes the first connection that has shown nothing yet, and is waiting. */
function closeSilent(connections: Iterable<Connection>): boolean {
  // The one that has been silent the longest stands first.
  for (const { accepted, responses, isLasting } of connections) {
    if (isLasting || responses.size > 0 || accepted.destroyed) continue;
    accepted.destroy();
    return true;
  }
  return false;
}

/** What everybody may read proves nothing of who reads it. */
function isServed(
  method: string | undefined,
  { statusCode, headersSent }: ServerResponse,
): boolean {
  return method === 'POST' && headersSent && statusCode < 400;
}

/** Node does not say which connection a TLS one stands on; its two ends do. */
function nameOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].map(String).join(' ');
}
