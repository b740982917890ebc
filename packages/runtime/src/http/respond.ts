import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';

import type { Exchange, PlainAnswer } from './exchange.ts';

/** How long a client may leave what was written unread, in milliseconds. It would hold its place for ever. */
const UNREAD_MS = 30_000;

/** How an answer is written. */
export interface Writing {
  /** Headers that every answer has. */
  readonly headers: Fields;
  /** Ends the answer under way. */
  readonly signal: AbortSignal;
  readonly unreadMs: number | undefined;
}

/** What is written before the client has to have taken it, in bytes. */
const SLICE_BYTES = 65_536;
/** Above it, a copy costs more than a second piece. */
const ONE_PIECE_BYTES_MAX = 16_384;
/**
 * How much of the content of a refused request is read away, and for how long in milliseconds. A
 * connection that is closed under a client that still sends can take the answer with it.
 */
const LINGER_BYTES = 262_144;
const LINGER_MS = 1000;
/** What a chunk counts for at least: a chunk of one byte costs as much time as one of many. */
const CHUNK_BYTES_MIN = 64;

/** Headers of the SDK's that get through. Ours win where both have one. */
const PASSED = [
  'content-type',
  'allow',
  'mcp-session-id',
  'retry-after',
  'www-authenticate',
  'x-accel-buffering',
];

type Fields = Readonly<Record<string, string>>;

/**
 * Writes an answer that is made. Where the content has not been read, the connection closes after it:
 * reading on to keep it would let a stranger send for as long as he likes.
 */
export async function writePlain(
  { request, response }: Exchange,
  { status, headers, body }: PlainAnswer,
  { close = false, unreadMs }: { readonly close?: boolean; readonly unreadMs: number | undefined },
): Promise<void> {
  // The parser has then gone over what has come, so that it is known whether content is still to come.
  if (!request.complete) await turn();
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  const whole = request.complete;
  response.writeHead(status, {
    ...headers,
    ...(status !== 204 && { 'content-length': String(bytes.length) }),
    ...((close || !whole) && { connection: 'close' }),
  });
  if (!whole) {
    response.write(bytes);
    await readAway(request);
  }
  response.end(whole ? bytes : undefined);
  await taken(response, { unreadMs });
}

/** Reads what a client still sends, within bounds. */
async function readAway(request: Exchange['request']): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS);
  let left = LINGER_BYTES;
  request.on('data', (chunk: Uint8Array) => {
    left -= Math.max(chunk.length, CHUNK_BYTES_MIN);
    if (left < 0) resolve();
  });
  request.once('end', resolve).once('close', resolve).once('error', resolve).resume();
  await promise;
  clearTimeout(timer);
  request.pause();
}

/** Writes the SDK's answer as it comes, no faster than the client takes it. */
export async function writeAnswer(
  { response, signal: gone }: Exchange,
  answer: Response,
  writing: Writing,
): Promise<void> {
  gone.throwIfAborted();
  const fields = { ...passedOf(answer), ...writing.headers };
  if (!isEventStream(answer)) {
    const bytes = new Uint8Array(await answer.arrayBuffer());
    response.writeHead(answer.status, { ...fields, 'content-length': String(bytes.length) });
    endWith(response, await writeSlices(response, bytes, writing));
  } else {
    response.writeHead(answer.status, { ...fields, 'cache-control': 'no-store, no-transform' });
    // The client learns that its stream stands before the first event, which may be hours away.
    response.flushHeaders();
    await pump(answer, response, writing);
    response.end();
  }
  await taken(response, writing);
}

/** Ends an answer. A small rest goes out as one piece with the head before it, which Node does for texts only. */
function endWith(response: ServerResponse, rest: Uint8Array): void {
  if (rest.length > ONE_PIECE_BYTES_MAX) response.end(rest);
  else
    response.end(
      Buffer.from(rest.buffer, rest.byteOffset, rest.length).toString('latin1'),
      'latin1',
    );
}

function passedOf({ headers }: Response): Fields {
  const passed: Record<string, string> = {};
  for (const name of PASSED) {
    const value = headers.get(name);
    if (value !== null) passed[name] = value;
  }
  return passed;
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** Writes all but the last slice, which it gives back. */
async function writeSlices(
  response: ServerResponse,
  bytes: Uint8Array,
  writing: Writing,
): Promise<Uint8Array> {
  let at = 0;
  for (; bytes.length - at > SLICE_BYTES; at += SLICE_BYTES) {
    // oxlint-disable-next-line no-await-in-loop -- no faster than the client takes it
    if (!response.write(bytes.subarray(at, at + SLICE_BYTES))) await drained(response, writing);
  }
  return bytes.subarray(at);
}

/** Ends with the stream, or when the signal ends it: between two events then, because each is written whole. */
async function pump({ body }: Response, response: ServerResponse, writing: Writing): Promise<void> {
  if (body === null) return;
  const { signal } = writing;
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(signal.reason).catch(() => undefined);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- a stream is read one piece after another
      const next = await reader.read();
      if (next.done) return;
      const piece: unknown = next.value;
      if (!(piece instanceof Uint8Array)) throw new TypeError('a piece of an answer is not bytes');
      // oxlint-disable-next-line no-await-in-loop -- the SDK's queue grows meanwhile, for UNREAD_MS at most
      if (!response.write(piece)) await drained(response, writing);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Resolves when the client has taken what was written. Whoever does not read loses the connection. */
async function drained(
  response: ServerResponse,
  { signal, unreadMs = UNREAD_MS }: Writing,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cut = (): void => {
    response.destroy();
    resolve();
  };
  const timer = setTimeout(cut, unreadMs);
  signal.addEventListener('abort', cut, { once: true });
  response.once('drain', resolve).once('close', resolve);
  if (signal.aborted) cut();
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', cut);
  response.off('drain', resolve).off('close', resolve);
}

/**
 * Resolves when an answer is out of our hands. What is not taken when the signal ends it goes no further;
 * the end of a stream that it has ended has a moment.
 */
async function taken(
  response: ServerResponse,
  { signal, unreadMs = UNREAD_MS }: Pick<Writing, 'unreadMs'> & Partial<Pick<Writing, 'signal'>>,
): Promise<void> {
  // Most answers are taken by the system at once.
  if (!response.writableFinished) await new Promise<void>((done) => process.nextTick(done));
  if (response.writableFinished || response.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cut = (): void => {
    reset(response);
    // An answer that waits for its turn on the connection says nothing of its end.
    resolve();
  };
  const timer = setTimeout(cut, signal?.aborted === true ? LINGER_MS : unreadMs);
  signal?.addEventListener('abort', cut, { once: true });
  response.once('finish', resolve).once('close', resolve);
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', cut);
}

/** Ends a connection so that the system sends nothing more of what it has been given. */
function reset(response: ServerResponse): void {
  const { socket } = response;
  // What stands below TLS cannot be reached from here.
  if (socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  response.destroy();
}
