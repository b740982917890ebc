import type { IncomingMessage, ServerResponse } from 'node:http';

import { HttpRefusal } from './refusals.ts';

type Socket = IncomingMessage['socket'];

/** What is remembered of a connection: whether it can be used on, and the answer that is under way. */
export interface Connections {
  /**
   * Takes a request in. Undefined where it may go on; a refusal where it came before the last answer;
   * `'drop'` where nothing more may come from this connection, and it has to go.
   */
  admit(request: IncomingMessage, response: ServerResponse): HttpRefusal | 'drop' | undefined;
  /** Serves nothing more that comes over this connection. */
  distrust(socket: Socket): void;
}

/**
 * Watches that a connection carries one request at a time.
 *
 * What follows a refused request may be the rest of its content, read as a request (CWE-444), and Node
 * would run it although the connection is about to close. Whoever puts requests into one another's
 * way does so by pipelining, which no client of ours uses.
 */
export function createConnections(): Connections {
  const distrusted = new WeakSet<Socket>();
  const last = new WeakMap<Socket, ServerResponse>();
  return {
    admit({ socket }, response) {
      if (distrusted.has(socket)) return 'drop';
      const former = last.get(socket);
      last.set(socket, response);
      // Kept for longer, it would keep all of its request until the next one comes.
      response.once('close', () => {
        if (last.get(socket) === response) last.delete(socket);
      });
      // A client can have seen the end of an answer only after it was written.
      if (former === undefined || former.writableEnded) return undefined;
      distrusted.add(socket);
      return new HttpRefusal('http.pipelined', { close: true });
    },
    distrust: (socket) => void distrusted.add(socket),
  };
}
