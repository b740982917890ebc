import {
  isInitializeRequest,
  type JSONRPCMessage,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server';
import { boundedText, describeIssue } from '@secure-mcp/validation';
import * as z from 'zod';

/** The verdict on one inbound JSON value. A refused request is answered once, under its own id where it has one. */
export type MessageVerdict =
  | { readonly ok: true; readonly message: JSONRPCMessage }
  | {
      readonly ok: false;
      readonly id: string | number | null;
      readonly code: number;
      readonly reason: string;
      /** A notification or a response gets no answer, also when it is malformed. */
      readonly answer: boolean;
    };

export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;

const NAME = boundedText(128);
const requestId = z.union([boundedText(128), z.int()]);

const META = z.looseObject({
  progressToken: requestId.optional(),
  'io.modelcontextprotocol/related-task': z.looseObject({ taskId: NAME }).optional(),
});

/**
 * One JSON-RPC message and nothing beside it. The SDK drops what it does not know without a word, and
 * the caller would wait for ever.
 */
const envelope = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: requestId.optional(),
  method: NAME.optional(),
  params: z.looseObject({ _meta: META.optional() }).optional(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ code: z.int(), message: boundedText(65_536) }).optional(),
});

/**
 * Characters of a message beside the arguments of its tool. They are kept until its answer, and no
 * schema of a tool bounds them: nor the arguments of what is no tool. The longest member is a URI of
 * half of that.
 */
const BESIDE_CHARACTERS_MAX = 32_768;

/** These lists have one page, so no cursor is ours. */
const LIST = z.looseObject({ cursor: z.undefined().optional() }).optional();

/**
 * What the methods that we serve need at least. The SDK checks the same shapes later, but
 * sometimes under the wrong code, and does not say what is wrong in words that may be repeated.
 */
const SHAPES: Readonly<Record<string, z.ZodType>> = {
  initialize: z.looseObject({
    protocolVersion: NAME,
    capabilities: z.looseObject({}),
    clientInfo: z.looseObject({ name: z.string(), version: z.string() }),
  }),
  // What the SDK does not take for a cancelling is answered after all, when its id may be in use again.
  'notifications/cancelled': z.looseObject({ requestId, reason: z.string().optional() }),
  'tools/call': z.looseObject({
    name: NAME,
    arguments: z.looseObject({}).optional(),
    // Clients of 2025-11-25 may ask for a task of a server that has none, and are served without.
    task: z.looseObject({ ttl: z.number().optional() }).optional(),
  }),
  'tools/list': LIST,
  'prompts/get': z.looseObject({
    name: NAME,
    arguments: z.record(NAME, boundedText(65_536)).optional(),
  }),
  'prompts/list': LIST,
  'resources/read': z.looseObject({ uri: boundedText(16_384) }),
  'resources/list': LIST,
  'resources/templates/list': LIST,
  // What is wrong here, the SDK says in words of its own, and with the status of success.
  'subscriptions/listen': z.looseObject({
    notifications: z.looseObject({
      toolsListChanged: z.boolean().optional(),
      promptsListChanged: z.boolean().optional(),
      resourcesListChanged: z.boolean().optional(),
      resourceSubscriptions: z.array(boundedText(16_384)).optional(),
    }),
  }),
  'completion/complete': z.looseObject({
    ref: z.union([
      z.looseObject({ type: z.literal('ref/resource'), uri: boundedText(4096) }),
      z.looseObject({ type: z.literal('ref/prompt'), name: NAME }),
    ]),
    argument: z.looseObject({ name: NAME, value: boundedText(4096) }),
    context: z.looseObject({ arguments: z.record(NAME, boundedText(4096)).optional() }).optional(),
  }),
};

/** Judges whether a parsed JSON value, of a text of some length, is one JSON-RPC message that can go to the SDK. */
export function checkMessage(value: unknown, characters: number): MessageVerdict {
  // MCP dropped batches in 2025-06-18: one batch would pass a per-request limit as one request.
  if (Array.isArray(value)) return refused(null, INVALID_REQUEST, 'batches are not supported');
  const parsed = envelope.safeParse(value);
  if (!parsed.success || !isMessage(value)) {
    const reason = reasonOf(parsed.error);
    // An error in answer to an answer would be answered in turn.
    return { ...refused(idOf(value), INVALID_REQUEST, reason), answer: !isAnswer(value) };
  }
  const { method } = parsed.data;
  if (characters > BESIDE_CHARACTERS_MAX && holdsMuchBesideArguments(parsed.data)) {
    const verdict = refused(idOf(value), INVALID_REQUEST, 'too much beside the arguments');
    return { ...verdict, answer: !isAnswer(value) };
  }
  return method === undefined ? checkResponse(value) : checkRequest(value, method, parsed.data);
}

/** A request, or a notification, which has no id and gets no answer. */
function checkRequest(
  message: JSONRPCMessage,
  method: string,
  { id, params, result, error }: z.output<typeof envelope>,
): MessageVerdict {
  if (result !== undefined || error !== undefined)
    return refused(id ?? null, INVALID_REQUEST, 'a request has no result');
  if (isGone(method, params))
    return { ...refused(id ?? null, METHOD_NOT_FOUND, 'no such method'), answer: id !== undefined };
  const problem = shapeProblem(message, method, params);
  if (problem === undefined) return { ok: true, message };
  return { ...refused(id ?? null, INVALID_PARAMS, problem), answer: id !== undefined };
}

/** From 2026-07-28 on every request names its version by itself, and there is no handshake. */
function isGone(method: string, params: z.output<typeof envelope>['params']): boolean {
  return method === 'initialize' && params?._meta?.[PROTOCOL_VERSION_META_KEY] !== undefined;
}

function shapeProblem(
  message: JSONRPCMessage,
  method: string,
  params: z.output<typeof envelope>['params'],
): string | undefined {
  const shape = Object.hasOwn(SHAPES, method) ? SHAPES[method] : undefined;
  const fits = shape?.safeParse(params);
  if (fits?.success === false) return reasonOf(fits.error);
  // Of a client's capabilities, only the SDK knows the shape.
  const isWhole = method !== 'initialize' || isInitializeRequest(message);
  return isWhole ? undefined : 'params: invalid value';
}

/** Counted without making the text again: that would be as large as the message. */
function holdsMuchBesideArguments({ params, ...message }: z.output<typeof envelope>): boolean {
  const isCall = message.method === 'tools/call';
  const counted = isCall ? { ...params, arguments: undefined } : params;
  const pending: unknown[] = [{ ...message, params: counted }];
  let characters = 0;
  while (pending.length > 0 && characters <= BESIDE_CHARACTERS_MAX) {
    const next = pending.pop();
    // A value takes its comma at least.
    characters += typeof next === 'string' ? next.length : 1;
    if (typeof next !== 'object' || next === null) continue;
    for (const entry of Object.entries<unknown>({ ...next })) pending.push(entry[0], entry[1]);
  }
  return characters > BESIDE_CHARACTERS_MAX;
}

/** A response to one of our own questions. */
function checkResponse(message: JSONRPCMessage): MessageVerdict {
  const isResponse = 'id' in message && 'result' in message !== 'error' in message;
  if (isResponse) return { ok: true, message };
  const verdict = refused(idOf(message), INVALID_REQUEST, 'method: expected string');
  return { ...verdict, answer: !isAnswer(message) };
}

/** True for what claims to be a response, well-formed or not. */
function isAnswer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || 'method' in value) return false;
  return 'result' in value || 'error' in value;
}

function refused(
  id: string | number | null,
  code: number,
  reason: string,
): Extract<MessageVerdict, { ok: false }> {
  return { ok: false, id, code, reason, answer: true };
}

function reasonOf(error: z.ZodError | undefined): string {
  const [issue] = error?.issues ?? [];
  return issue === undefined ? 'not a message' : describeIssue(issue);
}

/** The id of a malformed request, when it can be trusted to be one. */
function idOf(value: unknown): string | number | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  const id = requestId.safeParse(value.id);
  return id.success ? id.data : null;
}

/** The envelope is checked before this counts; the SDK checks the rest for each method. */
function isMessage(value: unknown): value is JSONRPCMessage {
  return typeof value === 'object' && value !== null;
}
