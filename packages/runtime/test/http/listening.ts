import { once } from 'node:events';
import {
  Agent as PlainAgent,
  type IncomingMessage,
  request as plainRequest,
  type RequestListener,
} from 'node:http';
import { Agent, request as tlsRequest, type RequestOptions } from 'node:https';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

import { createListener, type Listener, type ListenerOptions } from '../../src/http/listener.ts';

/** A listener that listens, on loopback and any port. */
export interface Listening {
  readonly listener: Listener;
  readonly port: number;
  /** Why connections were closed unheard. */
  readonly dropped: string[];
  close(): Promise<void>;
}

export const NO_RULES = { allow: undefined, proxies: undefined };

/** Says who is asking and for what. */
const greet: RequestListener = (request, response) => {
  response.end(`hello ${String(request.url)}`);
};

export async function startListening(
  options: Partial<ListenerOptions> = {},
  host = '127.0.0.1',
): Promise<Listening> {
  const dropped: string[] = [];
  const listener = createListener({
    answer: greet,
    addresses: NO_RULES,
    proxiesOnly: false,
    onDropped: (reason) => dropped.push(reason),
    ...options,
  });
  const port = await listener.listen({ host, port: 0 });
  return {
    listener,
    port,
    dropped,
    async close() {
      const closed = once(listener.server, 'close');
      listener.server.close();
      listener.sockets.destroy();
      listener.server.closeAllConnections();
      await closed;
    },
  };
}

/** What came over a connection, until its end. */
export interface Wire {
  readonly socket: Socket;
  /** Everything that came so far. */
  readonly text: string;
  /** Resolves when the connection is closed, with all that came. */
  readonly closed: Promise<string>;
}

/** A bare connection, which sends only what it is told to. */
export function dial(port: number, options: Partial<NetConnectOpts> = {}): Wire {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  return wireOf(socket);
}

export function wireOf(socket: Socket): Wire {
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(text));
  });
  return {
    socket,
    get text() {
      return text;
    },
    closed,
  };
}

export interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  readonly localPort: number;
}

/** Sends a request and reads its answer. Rejects when there is none. */
export async function get(
  port: number,
  { path = '/', secure = false, ...options }: RequestOptions & { readonly secure?: boolean } = {},
): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const given = { host: '127.0.0.1', port, path, agent: false, ...options };
  const request = secure ? tlsRequest(given) : plainRequest({ ...given, agent: given.agent });
  request.once('error', reject);
  request.once('response', (response) => {
    let body = '';
    const localPort = response.socket.localPort ?? 0;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.once('error', reject);
    response.once('end', () => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, body, headers, localPort });
    });
  });
  request.end();
  return promise;
}

/** An agent that keeps its connections, for TLS. */
export function keepingAgent(options: ConstructorParameters<typeof Agent>[0] = {}): Agent {
  return new Agent({ keepAlive: true, maxCachedSessions: 0, ...options });
}

/** An agent that keeps its connections, without TLS. */
export function keepingPlainAgent(): PlainAgent {
  return new PlainAgent({ keepAlive: true });
}
