import type { IncomingMessage } from 'node:http';

import type { Headers } from '../exchange.ts';
import { refuseHttp } from '../refusals.ts';

const DIGITS = /^\d{1,15}$/;

/**
 * Demands that the end of the content has one meaning (RFC 9112 §6).
 *
 * A proxy that ends the request elsewhere takes the rest for the next request, of the next client: that
 * is how requests are smuggled. Node's parser refuses most of it by itself; `gzip, chunked` and
 * `chunked` over HTTP/1.0 it lets through, and the rest is one lenient option away.
 */
export function requireOneFraming({ httpVersion }: IncomingMessage, headers: Headers): void {
  const length = headers.get('content-length');
  const encoding = headers.get('transfer-encoding');
  if (length !== undefined && !DIGITS.test(length)) refuse('content-length');
  if (encoding === undefined) return;
  if (length !== undefined) refuse('content-length and transfer-encoding');
  if (encoding.toLowerCase() !== 'chunked' || httpVersion !== '1.1') refuse('transfer-encoding');
}

function refuse(detail: string): never {
  refuseHttp('http.header', { detail, close: true });
}
