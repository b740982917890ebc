import type { IncomingMessage, ServerResponse } from 'node:http';

import { HttpRefusal } from './refusals.ts';

type Socket = IncomingMessage['socket'];

/** What is remembered of a connection: whether it can be used on, and the answer that is under way. */
export interface Connections {
  /**
   * Takes a request in. `'pass'` where it may go on; a promise where it has to wait for the end of the
   * answer before it; a refusal where it came before that; `'drop'` where nothing more may come from
   * this connection, and it has to go.
   */
  admit(request: IncomingMessage, response: ServerResponse): Admission | Promise<Admission>;
  /** Serves nothing more that comes over this connection. */
  distrust(socket: Socket): void;
}

export type Admission = 'pass' | 'drop' | HttpRefusal;

/**
 * Watches that a connection carries one request at a time.
 *
 * What follows a refused request may be the rest of its content, read as a request (CWE-444), and Node
 * would run it although the connection is about to close. Whoever puts requests into one another's
 * way does so by pipelining, which no client of ours uses: behind an answer that is left unread it
 * would take as many places as it likes with one connection.
 */
export function createConnections(): Connections {
  const distrusted = new WeakSet<Socket>();
  const last = new WeakMap<Socket, ServerResponse>();
  return {
    admit({ socket }, response) {
      if (distrusted.has(socket) || !socket.writable) return 'drop';
      const former = last.get(socket);
      last.set(socket, response);
      // Kept for longer, it would keep all of its request until the next one comes.
      response.once('close', () => {
        if (last.get(socket) === response) last.delete(socket);
      });
      if (former === undefined || former.writableFinished) return 'pass';
      // A client that has the end of an answer can be ahead of us, who are told of it a moment later.
      if (former.writableEnded && !isWaiting(former))
        return ended(former, response).then(() =>
          distrusted.has(socket) || !socket.writable ? 'drop' : 'pass',
        );
      distrusted.add(socket);
      return new HttpRefusal('http.pipelined', { close: true });
    },
    distrust: (socket) => void distrusted.add(socket),
  };
}

/** True for an answer that Node holds back behind another one, which is still on its way. */
function isWaiting({ socket }: ServerResponse): boolean {
  return socket === null;
}

/** Resolves when the answer before it has left, or nobody waits for it any more. */
function ended(former: ServerResponse, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const then = (): void => resolve();
    former.once('finish', then).once('close', then);
    response.once('close', then);
  });
}
