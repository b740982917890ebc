import type { IncomingMessage, ServerResponse } from 'node:http';

import { isLoopbackName } from '@secure-mcp/auth/network';

import { type Listener, createListener } from './listener.ts';
import { securityHeaders } from './security-headers.ts';

const METRICS_PATH = '/metrics';
/** Whoever collects metrics needs one. */
const CONNECTIONS_MAX = 16;

/**
 * Serves the metrics, on loopback only (`decideBinding` sees to it) and by itself: what counts
 * callers is not for callers. A web page that names this address by a host of its own is refused
 * (DNS rebinding), and so is everything but one `GET`.
 */
export function createMetricsListener(text: () => string): Listener {
  const headers = { ...securityHeaders(false), connection: 'close' };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const status = statusFor(request);
    const body = status === 200 ? text() : '';
    response.writeHead(status, {
      ...headers,
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...(status === 405 && { allow: 'GET' }),
    });
    response.end(body);
  };
  return createListener({
    answer,
    addresses: { allow: undefined, proxies: undefined },
    proxiesOnly: false,
    limits: { connectionsMax: CONNECTIONS_MAX, connectionsPerAddressMax: CONNECTIONS_MAX },
  });
}

/** A name, or an IPv6 address in its brackets, and a port. */
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;

function statusFor({ method, url, headers, rawHeaders, socket }: IncomingMessage): number {
  // Of two hosts Node shows the first, and whatever stood between may have gone by the second.
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  const isOurs = hosts.length === 1 && isHere(headers.host, socket.localPort);
  // A browser names the page that asks; no collector does.
  if (!isOurs || headers.origin !== undefined) return 403;
  if (url !== METRICS_PATH) return 404;
  return method === 'GET' ? 200 : 405;
}

function isHere(host: string | undefined, localPort: number | undefined): boolean {
  const [, name = '', port = '80'] = HOST.exec(host?.toLowerCase() ?? '') ?? [];
  return isLoopbackName(name) && Number(port) === localPort;
}
