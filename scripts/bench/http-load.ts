import { connect, type Socket } from 'node:net';

export type Era = '2025-11-25' | '2026-07-28';

export interface Load {
  readonly url: URL;
  readonly era: Era;
  readonly connections: number;
  readonly ms: number;
  /** The value of the `Authorization` header. */
  readonly authorization?: string;
}

export interface Measured {
  readonly requests: number;
  readonly ms: number;
}

const TOOL = 'echo_7';

/**
 * Calls a tool over so many connections, each as fast as it is answered. It speaks to sockets: the
 * cost of a client's own HTTP would hide what is measured. Rejects with the first answer that is wrong.
 */
export async function load(options: Load): Promise<Measured> {
  const started = performance.now();
  const until = started + options.ms;
  const counts = await Promise.all(
    Array.from({ length: options.connections }, (_, at) => callUntil(options, until, at)),
  );
  const requests = counts.reduce((sum, count) => sum + count, 0);
  return { requests, ms: performance.now() - started };
}

async function callUntil(options: Load, until: number, lane: number): Promise<number> {
  let count = 0;
  let line = await dial(options.url);
  while (performance.now() < until) {
    const text = `text ${String(lane)}-${String(count)}.`;
    line.socket.write(requestOf(options, count, text));
    const answer = await line.next();
    if (!answer.startsWith('HTTP/1.1 200') || !answer.includes(text))
      throw new Error(`not the answer: ${answer}`);
    count += 1;
    if (!/^connection: close\r$/im.test(answer)) continue;
    line.socket.destroy();
    line = await dial(options.url);
  }
  line.socket.destroy();
  return count;
}

function requestOf({ url, era, authorization }: Load, id: number, text: string): string {
  const modern = era === '2026-07-28';
  const meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name: TOOL, arguments: { text }, ...(modern && { _meta: meta }) };
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    `mcp-protocol-version: ${era}`,
    ...(modern ? ['mcp-method: tools/call', `mcp-name: ${TOOL}`] : []),
    ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
    `content-length: ${String(body.length)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

interface Line {
  readonly socket: Socket;
  /** The next whole answer. */
  next(): Promise<string>;
}

async function dial({ hostname, port }: URL): Promise<Line> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const connected = Promise.withResolvers<void>();
  let waiting = Promise.withResolvers<string>();
  let text = '';
  const fail = (error?: Error): void => {
    const problem = error ?? new Error('the connection was closed');
    connected.reject(problem);
    waiting.reject(problem);
  };
  waiting.promise.catch(() => undefined);
  socket.setEncoding('latin1');
  socket
    .once('connect', connected.resolve)
    .on('error', fail)
    .on('close', () => fail());
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (isWhole(text)) waiting.resolve(text);
  });
  await connected.promise;
  return {
    socket,
    async next() {
      const answer = await waiting.promise;
      text = '';
      waiting = Promise.withResolvers<string>();
      waiting.promise.catch(() => undefined);
      return answer;
    },
  };
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = text.slice(0, end).toLowerCase();
  const [, length] = /\ncontent-length: (\d+)/.exec(head) ?? [];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  return text.endsWith('\r\n0\r\n\r\n');
}
