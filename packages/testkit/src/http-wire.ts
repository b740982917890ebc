import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';

/** One request as it is written, with headers that no `fetch` would let through. */
export interface WireRequest {
  readonly url: URL;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** For `https:` only. */
  readonly tls?: ConnectionOptions;
  /** The address that it comes from. */
  readonly localAddress?: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sees every answer, also those that a test does not look at. */
export interface Witness {
  /** Everything that came back from there so far: status lines, headers and contents. */
  seen(origin: string): string;
  /** Carries the requests of a client. */
  readonly fetch: typeof globalThis.fetch;
  /** Sends one request on a connection of its own. Rejects when it gets no answer. */
  send(request: WireRequest): Promise<WireAnswer>;
}

/** What every client of Streamable HTTP sends. */
export const JSON_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

export function createWitness(): Witness {
  const answers: { readonly origin: string; readonly text: string }[] = [];
  const see = (origin: string, ...texts: readonly string[]): void => {
    for (const text of texts) answers.push({ origin, text });
  };
  return {
    seen: (from) =>
      answers
        .filter(({ origin }) => origin === from)
        .map(({ text }) => text)
        .join('\n'),
    async fetch(input, init) {
      const response = await fetch(input, init);
      const { origin } = new URL(response.url);
      see(origin, JSON.stringify([response.status, [...response.headers]]));
      const copy = response.clone();
      // A stream may be cut off when its client goes.
      void copy.text().then(
        (text) => see(origin, text),
        () => undefined,
      );
      return response;
    },
    async send(request) {
      const answer = await sendOnce(request);
      see(request.url.origin, JSON.stringify(answer), answer.text);
      return answer;
    },
  };
}

async function sendOnce(wanted: WireRequest): Promise<WireAnswer> {
  const { request, answered } = openRequest(wanted);
  request.end(wanted.body);
  return readAnswer(await answered);
}

async function readAnswer(response: IncomingMessage): Promise<WireAnswer> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: headersOf(response), text };
}

/** Opens a request whose content is still to be written. */
function openRequest({ url, method = 'POST', headers = {}, tls, localAddress }: WireRequest) {
  const options = {
    method,
    agent: false as const,
    headers: { ...JSON_HEADERS, ...mutable(headers) },
    ...(localAddress !== undefined && { localAddress }),
    ...tls,
  };
  const request = url.protocol === 'https:' ? tlsRequest(url, options) : plainRequest(url, options);
  const answered = once(request, 'response').then(([response]: IncomingMessage[]) => {
    if (response === undefined) throw new Error('no answer');
    return response;
  });
  return { request, answered };
}

/** A request whose content is only half there. */
export interface BegunCall {
  /** Sends the rest, and waits for the answer. */
  finish(): Promise<WireAnswer>;
}

/** Sends the head of a request and so much of its content. Resolves once the system has the bytes. */
export async function beginCall(wanted: WireRequest, bytes: number): Promise<BegunCall> {
  const { body = '', headers } = wanted;
  const { request, answered } = openRequest({
    ...wanted,
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  });
  const content = Buffer.from(body);
  await new Promise<void>((resolve, reject) => {
    request.once('error', reject);
    request.write(content.subarray(0, bytes), () => resolve());
  });
  return {
    async finish() {
      request.end(content.subarray(bytes));
      return readAnswer(await answered);
    },
  };
}

/** Resolves once a connection is over, however it ended. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve());
  });
}

/** A `fetch` for servers whose certificate only a test trusts, and that want one in turn. */
export function fetchOverTls(tls: ConnectionOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const asked = new Request(input, init);
    const { request, answered } = openRequest({
      url: new URL(asked.url),
      method: asked.method,
      headers: Object.fromEntries(asked.headers),
      tls,
    });
    asked.signal.addEventListener('abort', () => request.destroy());
    request.end(asked.body === null ? undefined : Buffer.from(await asked.arrayBuffer()));
    const response = await answered;
    return new Response(Readable.toWeb(response), {
      status: response.statusCode ?? 0,
      headers: headersOf(response),
    });
  };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

function mutable(headers: Readonly<Record<string, string | readonly string[]>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  );
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request of the 2026-07-28 era, as it stands on the wire. */
export function messageFor(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): { readonly headers: Record<string, string>; readonly body: string } {
  const { name, uri } = params;
  const named = name ?? uri;
  return {
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof named === 'string' && { 'mcp-name': named }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  };
}
