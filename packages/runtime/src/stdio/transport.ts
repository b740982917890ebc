import type { Readable, Writable } from 'node:stream';
import { setTimeout as turn } from 'node:timers/promises';

import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { parseStrictJson } from '@secure-mcp/validation';

import type { Delivery } from '../mcp/delivery.ts';
import { checkMessage, INVALID_REQUEST, type MessageVerdict, PARSE_ERROR } from '../mcp/message.ts';
import { sdkRefusal } from '../mcp/protocol-error.ts';
import { createLineReader, type Line } from './lines.ts';
import { OpenRequests } from './open-requests.ts';
import { createOutbox } from './outbox.ts';

/**
 * Longest message, in bytes. A model writes a few kilobytes, and no single value of a tool's input may
 * be longer than 64 Ki characters; all of them together have this.
 */
export const MESSAGE_BYTES_MAX = 1_048_576;

/** How long a client may leave its answers unread once it is not read from, in milliseconds. */
const UNREAD_MS = 30_000;

/** How often a transport that ends looks whether all is answered, in milliseconds. */
const SETTLE_LOOK_MS = 5;

export interface StdioOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** Told of each message that never became a request, and of each request that the SDK refused by itself. */
  readonly onRefused: (reason: string) => void;
  readonly messageBytesMax?: number;
}

/** A transport that knows which requests are still to be answered. */
export interface StdioTransport extends Transport, Delivery {
  /** Resolves when every request has its answer and the client has taken it, or when the time is over. */
  settle(timeoutMs: number): Promise<void>;
}

/**
 * MCP's stdio transport with a verdict on every line.
 *
 * The SDK's own drops what is not JSON without a word, ends the process over one long line, and reads
 * on while a client lets its answers pile up. Here each bad line gets one JSON-RPC error, memory has
 * a ceiling in both directions, and a closed pipe ends the session cleanly.
 */
export function createStdioTransport(options: StdioOptions): StdioTransport {
  const { input, output, onRefused, messageBytesMax = MESSAGE_BYTES_MAX } = options;
  const open = new OpenRequests();
  let closed = false;
  let unread: NodeJS.Timeout | undefined;

  const onFull = (): void => {
    input.pause();
    // What is not read from cannot be seen to end, either.
    unread = setTimeout(onEnd, UNREAD_MS).unref();
  };
  const onEmpty = (): void => {
    clearTimeout(unread);
    if (!closed) input.resume();
  };
  const outbox = createOutbox(output, { onFull, onEmpty });

  const receive = (line: Line): void => {
    const verdict = admit(judge(line), lengthOf(line), open);
    if (verdict.ok) {
      transport.onmessage?.(verdict.message);
      return;
    }
    onRefused(verdict.reason);
    const { id, code, reason } = verdict;
    if (verdict.answer) outbox.write({ jsonrpc: '2.0', id, error: { code, message: reason } });
  };

  const reader = createLineReader(messageBytesMax, receive);
  const onData = (chunk: Uint8Array): void => {
    if (!closed) reader(chunk);
  };
  const onEnd = (): void => void transport.close();

  const transport: StdioTransport = {
    async start() {
      input.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd);
      output.on('drain', outbox.onDrain).on('error', onEnd);
    },
    async send(message) {
      if (closed) return;
      const refusal = sdkRefusal(message);
      if (refusal !== undefined) onRefused(`JSON-RPC ${String(refusal.code)}`);
      const kept = answeredBy(message, open);
      outbox.write(refusal?.message ?? message, kept?.enclosed, () =>
        kept?.whenTaken.forEach((taken) => taken()),
      );
    },
    whenTaken: (id, then) => open.whenTaken(id, then),
    enclose: (id, data) => open.enclose(id, data),
    async settle(timeoutMs) {
      const until = performance.now() + timeoutMs;
      const isDone = (): boolean => closed || (open.size === 0 && outbox.empty);
      // oxlint-disable-next-line no-await-in-loop -- it waits for the other side
      while (!isDone() && performance.now() < until) await turn(SETTLE_LOOK_MS);
    },
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(unread);
      input.off('data', onData).pause();
      // Error listeners stay: a write that fails after the end must not become an uncaught error.
      transport.onclose?.();
    },
  };
  return transport;
}

/** What is kept of the request that a message answers. */
function answeredBy(message: JSONRPCMessage, open: OpenRequests) {
  return 'method' in message || message.id === undefined ? undefined : open.answer(message.id);
}

function judge(line: Line): MessageVerdict {
  if (line.kind === 'too long') return refused(INVALID_REQUEST, 'the message is too long');
  if (line.kind === 'not UTF-8') return refused(PARSE_ERROR, 'the message is not UTF-8');
  const json = parseStrictJson(line.text);
  if (json.ok) return checkMessage(json.value, line.text.length);
  return refused(
    PARSE_ERROR,
    json.problem === 'syntax' ? 'the message is not JSON' : `${json.problem} in JSON`,
  );
}

function refused(code: number, reason: string): MessageVerdict {
  return { ok: false, id: null, code, reason, answer: true };
}

function lengthOf(line: Line): number {
  return line.kind === 'text' ? line.text.length : 0;
}

/** Takes a request in. A cancelled one gets no answer, so its id is free at once. */
function admit(verdict: MessageVerdict, characters: number, open: OpenRequests): MessageVerdict {
  if (!verdict.ok) return verdict;
  const { message } = verdict;
  if (!('method' in message)) return verdict;
  if (message.method === 'notifications/cancelled') open.cancel(cancelledId(message));
  if (!('id' in message) || message.id === undefined) return verdict;
  const reason = open.admit(message.id, characters);
  if (reason === undefined) return verdict;
  return { ok: false, id: message.id, code: INVALID_REQUEST, reason, answer: true };
}

function cancelledId(message: JSONRPCMessage): string | number {
  const id = 'params' in message ? message.params?.['requestId'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : '';
}
