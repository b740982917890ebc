/**
 * The way of a request over HTTP to the SDK, one step a line, in `serve` below. A step gives what it
 * found or refuses, and nothing after it happens then:
 *
 *   connection   one request at a time
 *   headers      each with one meaning; one framing
 *   address      of the client, and whether it may come
 *   target       a path and nothing else
 *   document     what is everybody's is answered here
 *   host         a name that is served (DNS rebinding)
 *   origin       a page that may call; CORS
 *   route        one path, POST
 *   limit        requests of an address, and its failures
 *   authenticate who it is; nothing of the content has been read until here
 *   content      JSON, so many bytes, in time
 *   message      strict JSON, one JSON-RPC message
 *   limit        messages of a caller, and a place
 *   SDK          under the signal of the credential
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { Verified } from '@secure-mcp/auth';

import { crypto } from '../crypto.ts';
import { sourceOf } from './callers.ts';
import { type Connections, createConnections } from './connections.ts';
import type { ClientAddress, Exchange, Headers, PlainAnswer } from './exchange.ts';
import { ClientGone, openExchange, openUnderWay } from './exchange-open.ts';
import type { FrontParts } from './front-parts.ts';
import { refusalAnswer } from './refusal-answer.ts';
import { createRefusalTrail, type RefusalTrail } from './refusal-trail.ts';
import { HttpRefusal, refuseHttp } from './refusals.ts';
import { writeAnswer, writePlain } from './respond.ts';
import { securityHeaders } from './security-headers.ts';
import { authenticate } from './steps/authenticate.ts';
import { readBody } from './steps/body.ts';
import { clientAddress } from './steps/client-address.ts';
import { requireContent } from './steps/content.ts';
import { corsHeaders, isPreflight, PREFLIGHT } from './steps/cors.ts';
import { requireOneFraming } from './steps/framing.ts';
import { requireHost } from './steps/host.ts';
import { readMessage } from './steps/message.ts';
import { requireOrigin } from './steps/origin.ts';
import { readHeaders } from './steps/raw-headers.ts';
import { findDocument, requireMcpRoute } from './steps/route.ts';
import { readTarget } from './steps/target.ts';

/** What the metrics call a request whose client left before its answer. */
const CLIENT_GONE = 499;

/** Answers one request. It never throws and never rejects. */
export type Front = (request: IncomingMessage, response: ServerResponse) => void;

/** What is learnt of a request on its way, for its answer and its record. */
interface Notes {
  /** Headers that its answer gets, whatever it will be. */
  fields: Readonly<Record<string, string>>;
  address?: ClientAddress;
  verified?: Verified;
  message?: JSONRPCMessage;
  /** When the head of the answer was written. */
  answeredAt?: number;
}

interface Parts extends FrontParts {
  readonly connections: Connections;
  readonly trail: RefusalTrail;
  readonly security: Readonly<Record<string, string>>;
}

/**
 * Makes the listener for `request` and `checkContinue` of a `node:http` or `node:https` server. With
 * both, a client that asks before it sends is told to go on by the step that reads the content.
 */
export function createFront(frontParts: FrontParts): Front {
  const parts: Parts = {
    ...frontParts,
    connections: createConnections(),
    trail: createRefusalTrail(frontParts),
    security: securityHeaders(frontParts.rules.secure),
  };
  return (request, response) => {
    const problem = parts.connections.admit(request, response);
    if (problem === 'drop') request.socket.destroy();
    else void answer(parts, openExchange(request, response), problem);
  };
}

async function answer(parts: Parts, exchange: Exchange, problem?: HttpRefusal): Promise<void> {
  const started = performance.now();
  const notes: Notes = { fields: parts.security };
  try {
    if (problem !== undefined) throw problem;
    await serve(parts, exchange, notes);
  } catch (error) {
    await refuse(parts, exchange, notes, error);
  }
  const { answeredAt = performance.now() } = notes;
  const { headersSent, statusCode } = exchange.response;
  parts.metrics.answered(headersSent ? statusCode : CLIENT_GONE, answeredAt - started);
}

/** The steps. */
async function serve(parts: Parts, exchange: Exchange, notes: Notes): Promise<void> {
  const { rules, limits, documents } = parts;
  const { request } = exchange;
  const { method } = request;
  const headers = readHeaders(request);
  requireOneFraming(request, headers);
  const address = clientAddress(request.socket.remoteAddress, headers, rules.addresses);
  notes.address = address;
  const path = readTarget(request.url);
  const document = findDocument(method, path, { headers, documents });
  if (document !== undefined) return plain(parts, exchange, notes, document);
  requireHost(headers, rules.hosts);
  requireOrigin(headers, rules.origins);
  notes.fields = { ...parts.security, ...corsHeaders(headers, rules.origins) };
  if (path === rules.path && isPreflight(method, headers))
    return plain(parts, exchange, notes, PREFLIGHT);
  requireMcpRoute(method, path, { mcpPath: rules.path, documents });
  await limits.admitAddress(address);
  const verified = await authenticate(parts, request, headers, address);
  notes.verified = verified;
  requireContent(headers, rules.bodyBytesMax);
  const message = readMessage(await readBody(exchange, headers, rules));
  notes.message = message;
  await limits.admitPrincipal(verified.principal.id);
  const leave = limits.enter();
  try {
    await serveMcp(parts, notes, { exchange, headers, address, verified, message });
  } finally {
    leave();
  }
}

interface Checked {
  readonly exchange: Exchange;
  readonly headers: Headers;
  readonly address: ClientAddress;
  readonly verified: Verified;
  readonly message: JSONRPCMessage;
}

/** Hands a request to the SDK. No answer outlives its credential. */
async function serveMcp(parts: Parts, notes: Notes, checked: Checked): Promise<void> {
  const { exchange, verified } = checked;
  const underWay = openUnderWay(exchange, verified, parts);
  const { signal } = underWay;
  try {
    const answered = await underWay.race(parts.serveMcp({ ...checked, signal }));
    // The SDK's own word for a call that was ended because the handler closes.
    if (answered.status === 499) refuseHttp('http.stopping');
    notes.answeredAt = performance.now();
    const { unreadMs } = parts.rules;
    await writeAnswer(exchange, answered, { headers: notes.fields, signal, unreadMs });
  } finally {
    underWay.close();
  }
}

function plain(
  { rules }: Parts,
  exchange: Exchange,
  { fields }: Notes,
  { status, headers, body }: PlainAnswer,
): Promise<void> {
  const whole = { status, body, headers: { ...fields, ...headers } };
  return writePlain(exchange, whole, { unreadMs: rules.unreadMs });
}

/** Answers with a refusal, where somebody is there to be answered. */
async function refuse(
  { connections, trail, metrics, logger, rules }: Parts,
  exchange: Exchange,
  notes: Notes,
  error: unknown,
): Promise<void> {
  const { request, response } = exchange;
  if (error instanceof ClientGone) return;
  const reference = error instanceof HttpRefusal ? undefined : crypto().randomUUID();
  if (reference !== undefined) logger.error('a request failed', { reference, error });
  const refusal = error instanceof HttpRefusal ? error : new HttpRefusal('internal');
  const { options, code } = refusal;
  // At once: what follows on this connection is judged before anything else happens.
  if (options.close === true) connections.distrust(request.socket);
  metrics.refused(code);
  record(trail, request, notes, { refusal, reference });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  notes.answeredAt = performance.now();
  const { status, headers, body } = refusalAnswer(refusal, idOf(notes.message), reference);
  const whole = { status, body, headers: { ...notes.fields, ...headers } };
  const { close = false } = options;
  const { unreadMs } = rules;
  await writePlain(exchange, whole, { close, unreadMs }).catch(() => response.destroy());
}

function record(
  trail: RefusalTrail,
  { socket }: IncomingMessage,
  { address, verified }: Notes,
  { refusal, reference }: { readonly refusal: HttpRefusal; readonly reference: string | undefined },
): void {
  const { code, status, options } = refusal;
  const from = address ?? { ip: socket.remoteAddress ?? '', key: '', forwarded: false };
  const detail = options.detail ?? options.reason;
  const principal = verified?.principal.id;
  trail.record({
    code,
    status,
    source: verified === undefined ? { address: from.ip } : sourceOf(verified, from),
    origin: principal ?? from.key,
    ...(detail !== undefined && { detail }),
    ...(principal !== undefined && { principal }),
    ...(reference !== undefined && { reference }),
  });
}

function idOf(message: JSONRPCMessage | undefined): string | number | null {
  return message !== undefined && 'id' in message ? (message.id ?? null) : null;
}
