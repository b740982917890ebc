import type { IncomingMessage } from 'node:http';

import type { Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

/**
 * Demands HTTP/1.1 with its `Host` (RFC 9112 §3.2), or HTTP/1.0.
 *
 * Node's parser takes other versions, too, and reads them as 1.1. For a missing `Host` Node would answer
 * by itself, and then go on to the request behind this one.
 */
export function requireVersion({ httpVersion }: IncomingMessage, headers: Headers): void {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') refuse('version');
  if (httpVersion === '1.1' && !headers.has('host')) refuse('no host');
}

function refuse(detail: string): never {
  refuseHttp('http.header', { detail, close: true });
}
