import { connect, type Socket } from 'node:net';

/** One HTTP answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case names; what came twice is joined by a newline. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** What came over one connection. */
export interface Talk {
  readonly answers: readonly WireAnswer[];
  /** True when the server has closed the connection. */
  readonly closed: boolean;
  /** Every byte, as Latin-1. */
  readonly raw: string;
}

export interface TalkOptions {
  /** Ends the talk after so many whole answers; without it, when the server closes. */
  readonly answers?: number;
  /** Ends it after so many milliseconds without the server's end. */
  readonly patienceMs?: number;
}

/** Speaks bytes over one connection, one piece after another, and listens. */
export async function talk(
  port: number,
  pieces: readonly (string | Uint8Array)[] | string,
  { answers = Infinity, patienceMs = 10_000 }: TalkOptions = {},
): Promise<Talk> {
  const socket = connect(port, '127.0.0.1');
  let raw = '';
  let closed = false;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patienceMs);
  socket.setNoDelay(true).on('error', () => undefined);
  socket.on('data', (chunk) => {
    raw += chunk.toString('latin1');
    if (answersIn(raw).length >= answers) resolve();
  });
  socket.on('close', () => {
    closed = true;
    resolve();
  });
  await speak(socket, typeof pieces === 'string' ? [pieces] : pieces);
  await promise;
  clearTimeout(timer);
  socket.destroy();
  return { answers: answersIn(raw), closed, raw };
}

async function speak(socket: Socket, pieces: readonly (string | Uint8Array)[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', resolve);
      socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, () => {
        socket.off('close', resolve);
        resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, pieces.length > 1 ? 20 : 0));
  }
}

/** The whole answers in a text, those of `100 Continue` among them. */
export function answersIn(raw: string): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let at = 0; at < raw.length;) {
    const end = raw.indexOf('\r\n\r\n', at);
    if (end < 0) break;
    const [statusLine = '', ...lines] = raw.slice(at, end).split('\r\n');
    const headers = new Map<string, string>();
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      const value = line.slice(line.indexOf(':') + 1).trim();
      headers.set(name, headers.has(name) ? `${headers.get(name) ?? ''}\n${value}` : value);
    }
    const status = Number(statusLine.split(' ')[1]);
    const body = bodyAt(raw, end + 4, status, headers);
    if (body === undefined) break;
    answers.push({ status, headers, body: body.text });
    at = body.end;
  }
  return answers;
}

function bodyAt(
  raw: string,
  from: number,
  status: number,
  headers: ReadonlyMap<string, string>,
): { readonly text: string; readonly end: number } | undefined {
  if (status < 200 || status === 204 || status === 304) return { text: '', end: from };
  if (headers.get('transfer-encoding') === 'chunked') return chunkedAt(raw, from);
  const end = from + Number(headers.get('content-length') ?? 0);
  return end > raw.length ? undefined : { text: raw.slice(from, end), end };
}

function chunkedAt(raw: string, from: number) {
  let text = '';
  for (let at = from; ;) {
    const line = raw.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(raw.slice(at, line), 16);
    if (raw.length < line + 4 + size) return undefined;
    if (size === 0) return { text, end: line + 4 };
    text += raw.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}

export interface WireRequest {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  /** Beside or instead of the usual ones: undefined leaves one out, a list sends several lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it goes out; `Content-Length` fits it unless the headers say otherwise. */
  readonly body?: string;
}

/** The text of a request. `usual` are the headers of a good one. */
export function requestText(
  { method = 'POST', target = '/mcp', version = '1.1', headers = {}, body = '' }: WireRequest,
  usual: Readonly<Record<string, string>>,
): string {
  const bytes = Buffer.from(body, 'latin1').length;
  const all = { ...usual, 'content-length': String(bytes), ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    (value === undefined ? [] : [value].flat()).map((each) => `${name}: ${each}\r\n`),
  );
  return `${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n${body}`;
}
