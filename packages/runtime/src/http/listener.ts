import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

import { codeOf } from '../error-code.ts';
import type { Watched } from '../reload/watched.ts';
import { createGate, type GateOptions, kindOf } from './gate.ts';
import { type Sockets, createSockets } from './sockets.ts';
import { secureContextOf, type TlsMaterial, tlsOptionsOf, type TlsRules } from './tls.ts';

/** Why a connection got no answer of the front. */
export const DROP_REASONS = [
  'address',
  'address_full',
  'full',
  'malformed',
  'slow',
  'tls',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface ListenerOptions extends Omit<GateOptions, 'perAddressMax'> {
  /** Answers a request: the front. */
  readonly answer: RequestListener;
  /** Absent: no TLS. */
  readonly tls?: { readonly material: Watched<TlsMaterial>; readonly rules: TlsRules };
  readonly limits?: Partial<ListenerLimits>;
  /** Counts a connection that was closed unheard. */
  readonly onDropped?: (reason: DropReason) => void;
}

/** What a network that nobody knows may take of the process. Times are milliseconds. */
interface ListenerLimits {
  readonly connectionsMax: number;
  /** One address alone must not take all places. */
  readonly connectionsPerAddressMax: number;
  /** After so many a client connects anew, and shows its certificate again. */
  readonly requestsPerConnectionMax: number;
  readonly headersMs: number;
  /** A request, with its content. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
}

const LISTENER_LIMITS: ListenerLimits = {
  connectionsMax: 1024,
  connectionsPerAddressMax: 128,
  requestsPerConnectionMax: 1000,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5000,
};

/**
 * A proxy keeps its connections for a minute or so. One that we close while it sends the next request
 * becomes a 502 for somebody who did nothing wrong, so the proxy has to be the first to close.
 */
const PROXY_KEEP_ALIVE_MS = 75_000;

/** Connections beyond the limit for this machine itself, so that who watches over the server gets through. */
const MACHINE_PLACES = 8;

/** Bytes of all headers of a request. */
const HEADER_BYTES_MAX = 16_384;
/** How often timeouts are looked at, in milliseconds: Node's own half minute would triple them. */
const CHECK_MS = 1000;
/** A peer that is gone without a word is noticed so long after its last one, in milliseconds. */
const PROBE_AFTER_MS = 30_000;

/** All that is said to whom does not speak HTTP. Nothing of what came is in it. */
const BAD_REQUEST =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n';

/** What faces the network. */
export interface Listener {
  readonly server: Server;
  readonly sockets: Sockets;
  /** Resolves with the port that it listens on. Rejects when it cannot. */
  listen(endpoint: { readonly host: string; readonly port: number }): Promise<number>;
}

/** Makes the server: its limits, its gate, its TLS. It does not listen yet. */
export function createListener(options: ListenerOptions): Listener {
  const { answer, tls, onDropped = () => undefined } = options;
  const limits = limitsFor(options);
  const sockets = createSockets();
  const server =
    tls === undefined
      ? createServer(serverOptionsOf(limits))
      : createTlsServer({
          ...serverOptionsOf(limits),
          ...tlsOptionsOf(tls.material.current, tls.rules),
        });
  server.maxConnections = limits.connectionsMax + MACHINE_PLACES;
  server.maxRequestsPerSocket = limits.requestsPerConnectionMax;
  // All of them, for the front to judge: above a number Node would drop headers without a word.
  server.maxHeadersCount = 0;

  const seat = (socket: Socket): boolean => {
    const kind = kindOf(socket, options.addresses);
    const isFull = sockets.size >= limits.connectionsMax;
    // Whoever is let in or closed out, somebody's connection is.
    if (isFull && kind !== 'machine') onDropped('full');
    if (isFull && kind !== 'machine' && !sockets.makeRoom()) return false;
    sockets.accept(socket, kind === 'proxy');
    return true;
  };
  const gate = createGate({ ...options, perAddressMax: limits.connectionsPerAddressMax });
  guardConnections(server, (socket) => {
    const verdict = gate(socket);
    if (verdict !== 'pass') onDropped(verdict);
    return verdict === 'pass' && seat(socket);
  });
  server.on('drop', () => onDropped('full'));
  server.on('secureConnection', sockets.secure);
  const begin: RequestListener = (request, response) => {
    if (sockets.begin(request, response)) answer(request, response);
  };
  server.on('request', begin).on('checkContinue', begin);
  refuseWhatIsNotServed(server, sockets, onDropped);

  tls?.material.onChange((material) => {
    if ('setSecureContext' in server) server.setSecureContext(secureContextOf(material, tls.rules));
    // Who was let in by an authority that is gone has to show a certificate again.
    sockets.retire();
  });
  return { server, sockets, listen: (endpoint) => listen(server, endpoint) };
}

function limitsFor({ addresses: { proxies }, limits }: ListenerOptions): ListenerLimits {
  const keepAliveMs = proxies === undefined ? LISTENER_LIMITS.keepAliveMs : PROXY_KEEP_ALIVE_MS;
  return { ...LISTENER_LIMITS, keepAliveMs, ...limits };
}

function serverOptionsOf(limits: ListenerLimits): ServerOptions {
  return {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: CHECK_MS,
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    // The front demands it: behind Node's own answer, the next request on the connection would run.
    requireHostHeader: false,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  };
}

/**
 * Puts a judge before Node's own listener, which would start a handshake or a parser. To destroy a
 * connection beside it would be too late.
 */
function guardConnections(server: Server, mayPass: (socket: Socket) => boolean): void {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (mayPass(socket))
      for (const listener of listeners) Reflect.apply(listener, server, [socket]);
    else socket.destroy();
  });
}

/** Everything but a request gets nothing, or one fixed answer. */
function refuseWhatIsNotServed(
  server: Server,
  sockets: Sockets,
  onDropped: (reason: DropReason) => void,
): void {
  const drop = (socket: { destroy(): unknown }): void => {
    onDropped('malformed');
    socket.destroy();
  };
  server.on('connect', ({ socket }) => drop(socket));
  server.on('checkExpectation', ({ socket }) => drop(socket));
  server.on('dropRequest', ({ socket }) => drop(socket));
  server.prependListener('tlsClientError', (_error: Error, socket: Socket) => {
    onDropped('tls');
    socket.destroy();
  });
  server.on('clientError', (error, socket) => {
    const reason = reasonOf(error);
    if (reason !== undefined && !socket.destroyed) onDropped(reason);
    // In the middle of an answer these bytes would be read as a part of it.
    if (reason === undefined || !socket.writable || sockets.isBusy(socket)) socket.destroy();
    else socket.end(BAD_REQUEST, () => socket.destroy());
  });
}

/** Undefined for a client that has gone: nobody is left to be answered, and nothing was refused. */
function reasonOf(error: Error): DropReason | undefined {
  const code = codeOf(error);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'slow';
  return code.startsWith('HPE_') ? 'malformed' : undefined;
}

async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ host, port }, resolve);
  await promise;
  server.off('error', reject);
  // One connection that the system cannot accept is lost; the server must not be.
  server.on('error', () => undefined);
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
