/**
 * The way of a request over HTTP to the SDK, one step a line, in `serve` below. A step gives what it
 * found or refuses, and nothing after it happens then:
 *
 *   connection   one request at a time
 *   headers      each with one meaning; one version, one framing
 *   address      of the client, and whether it may come
 *   target       a path and nothing else
 *   document     what is everybody's is answered here
 *   host         a name that is served (DNS rebinding)
 *   origin       a page that may call; CORS
 *   route        one path, POST
 *   limit        requests of an address, and its failures
 *   authenticate who it is; nothing of the content has been read until here
 *   limit        messages of a caller; before a proof that may be used once is used up
 *   content      JSON, so many bytes, in time
 *   message      strict JSON, one JSON-RPC message
 *   place        one of so many, over all
 *   SDK          under the signal of the credential
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Verified } from '@secure-mcp/auth';

import { type BodyRoom, createBodyRoom } from './body-room.ts';
import { type Certain, createCertain } from './certain.ts';
import { type Admission, createConnections } from './connections.ts';
import type { ClientAddress, Exchange, Headers, PlainAnswer } from './exchange.ts';
import { openExchange } from './exchange-open.ts';
import type { FrontLimits, FrontParts } from './front-parts.ts';
import type { Notes } from './notes.ts';
import { type RefusalWatch, watchRefusal, withoutEcho } from './protocol-error.ts';
import { refusedPart } from './refused-part.ts';
import { recordRefusal, type RefuseParts, refuseRequest } from './refuse-request.ts';
import { createRefusalTrail, type RefusalTrail } from './refusal-trail.ts';
import { HttpRefusal, refuseHttp } from './refusals.ts';
import { writeAnswer, writePlain } from './respond.ts';
import { securityHeaders } from './security-headers.ts';
import { isListen } from './listen.ts';
import { admitAddress } from './steps/address.ts';
import { authenticate, presentedBy } from './steps/authenticate.ts';
import { type Body, readBody } from './steps/body.ts';
import { clientAddress, requireAllowed } from './steps/client-address.ts';
import { requireContent } from './steps/content.ts';
import { corsHeaders, isPreflight, PREFLIGHT } from './steps/cors.ts';
import { requireOneFraming } from './steps/framing.ts';
import { requireHost } from './steps/host.ts';
import { idOf, readMessage } from './steps/message.ts';
import { requireOrigin } from './steps/origin.ts';
import { readHeaders } from './steps/raw-headers.ts';
import { findDocument, requireMcpRoute } from './steps/route.ts';
import { readTarget } from './steps/target.ts';
import { requireVersion } from './steps/version.ts';
import { openUnderWay, type UnderWay } from './under-way.ts';

/** What the metrics call a request whose client left before its answer. */
const CLIENT_GONE = 499;

/** Answers one request. It never throws and never rejects. */
export type Front = (request: IncomingMessage, response: ServerResponse) => void;

interface Parts extends RefuseParts {
  readonly security: Readonly<Record<string, string>>;
  readonly room: BodyRoom;
  readonly certain: Certain;
}

/**
 * Makes the listener for `request` and `checkContinue` of a `node:http` or `node:https` server. With
 * both, a client that asks before it sends is told to go on by the step that reads the content. The
 * trail is its maker's to flush.
 */
export function createFront(
  frontParts: FrontParts,
  trail: RefusalTrail = createRefusalTrail(frontParts),
): Front {
  const parts: Parts = {
    ...frontParts,
    trail,
    connections: createConnections(),
    security: securityHeaders(frontParts.rules.secure),
    room: createBodyRoom(frontParts.rules.bodyBytesMax),
    certain: createCertain(),
  };
  return (request, response) => {
    const exchange = openExchange(request, response);
    const serveIt = (admission: Admission): void => {
      if (admission === 'drop') request.socket.destroy();
      else answer(parts, exchange, admission).catch(() => request.socket.destroy());
    };
    const admission = parts.connections.admit(request, response);
    if (admission instanceof Promise) void admission.then(serveIt);
    else serveIt(admission);
  };
}

async function answer(parts: Parts, exchange: Exchange, admission: Admission): Promise<void> {
  const started = performance.now();
  const notes: Notes = { fields: parts.security };
  try {
    if (admission instanceof HttpRefusal) throw admission;
    await serve(parts, exchange, notes);
  } catch (error) {
    await refuseRequest(parts, exchange, notes, error);
  }
  const { answeredAt = performance.now() } = notes;
  const { headersSent, statusCode } = exchange.response;
  parts.metrics.answered(headersSent ? statusCode : CLIENT_GONE, answeredAt - started);
}

/** The steps. */
async function serve(parts: Parts, exchange: Exchange, notes: Notes): Promise<void> {
  const { rules, limits, documents, certain } = parts;
  const { request } = exchange;
  const { method } = request;
  const headers = readHeaders(request);
  requireVersion(request, headers);
  requireOneFraming(request, headers);
  const address = clientAddress(request.socket.remoteAddress, headers, rules.addresses.proxies);
  notes.address = address;
  requireAllowed(address, rules.addresses.allow);
  const path = readTarget(request.url);
  const document = findDocument(method, path, { headers, documents });
  if (document !== undefined) return plain(parts, exchange, notes, document);
  requireHost(headers, rules.hosts);
  requireOrigin(headers, rules.origins);
  notes.fields = { ...parts.security, ...corsHeaders(headers, rules.origins) };
  if (path === rules.path && isPreflight(method, headers))
    return plain(parts, exchange, notes, PREFLIGHT);
  requireMcpRoute(method, path, { mcpPath: rules.path, documents });
  const presented = presentedBy(request, headers);
  const { leave, barred } = await admitAddress(limits, address, () => certain.holds(presented));
  const admit = admitOnce(limits);
  const known = { address, admit, barred };
  const verified = await authenticate(parts, presented, known).finally(leave);
  certain.accepted(presented);
  notes.verified = verified;
  // From here on, what ends the credential ends the request: also while its content is on its way.
  const underWay = openUnderWay(exchange, verified, parts);
  try {
    // What was revoked since it was verified has ended no request: this one was not among the live ones.
    underWay.signal.throwIfAborted();
    await admit(verified.principal.id);
    await readAndServe(parts, notes, { exchange, headers, address, verified, underWay });
  } finally {
    underWay.close();
  }
}

/** Each request counts once, whether a proof of its caller was used up or none came with it. */
function admitOnce(limits: FrontLimits): (principalId: string) => Promise<void> {
  let admitted: Promise<void> | undefined;
  return (principalId) => (admitted ??= limits.admitPrincipal(principalId));
}

interface Known {
  readonly exchange: Exchange;
  readonly headers: Headers;
  readonly address: ClientAddress;
  readonly verified: Verified;
  readonly underWay: UnderWay;
}

/** The steps with the content of a request whose caller is known. */
async function readAndServe(parts: Parts, notes: Notes, known: Known): Promise<void> {
  const { rules, room } = parts;
  const { exchange, headers, verified } = known;
  requireContent(headers, rules.bodyBytesMax);
  const share = room.shareOf(verified.principal.id);
  const body = await readBody(exchange, headers, { ...rules, share });
  const leaves = [(): void => body.leave()];
  try {
    await tell(parts, notes, known, await ask(parts, notes, known, { body, leaves }));
  } finally {
    for (const leave of leaves) leave();
  }
}

interface Content {
  readonly body: Body;
  /** What gives back what the request takes up, once its answer is taken. */
  readonly leaves: (() => void)[];
}

interface Answered {
  readonly answered: Response;
  readonly watch: RefusalWatch;
}

/**
 * Hands a request to the SDK. Its message is known here only: an answer can stay unread for long, and
 * what asked for it is not kept meanwhile.
 */
async function ask(
  parts: Parts,
  notes: Notes,
  { exchange, headers, address, verified, underWay }: Known,
  { body, leaves }: Content,
): Promise<Answered> {
  const { limits } = parts;
  const { id } = verified.principal;
  await limits.admitBytes(id, body.bytes.length);
  const message = readMessage(body.bytes);
  notes.id = idOf(message);
  if (isListen(message)) {
    // A stream is idle and lasts for hours: a caller has few, and they must not take the places of calls.
    body.leave();
  } else {
    leaves.push(limits.enter(id));
    body.keepRoom();
  }
  const { signal } = underWay;
  // Revoked between the headers and now: nothing of it may run.
  signal.throwIfAborted();
  // Whatever refuses a request, the trail tells.
  const watch = watchRefusal(
    (told) => recordRefusal(parts, exchange.request, notes, told),
    refusedPart(headers, message),
  );
  const onRefused = watch.refused;
  const passed = withoutCredentials(headers);
  const admitted = { exchange, address, verified, message, signal, headers: passed, onRefused };
  return { answered: await underWay.race(parts.serveMcp(admitted)), watch };
}

/** Writes the SDK's answer. No answer outlives its credential. */
async function tell(
  { rules: { unreadMs } }: Parts,
  notes: Notes,
  { exchange, underWay: { signal } }: Known,
  { answered, watch }: Answered,
): Promise<void> {
  // The SDK's own word for a call that was ended because the handler closes.
  if (answered.status === 499) refuseHttp('http.stopping');
  notes.answeredAt = performance.now();
  const said = await withoutEcho(answered);
  watch.answered(answered.status);
  if (said.refused !== undefined) watch.refused(said.refused);
  await writeAnswer(exchange, said.answer, { headers: notes.fields, signal, unreadMs });
}

/** What the SDK and its tools are not given, they can neither log nor pass on. */
const CREDENTIALS = ['authorization', 'cookie', 'dpop', 'proxy-authorization'];

function withoutCredentials(headers: Headers): Headers {
  const rest = new Map(headers);
  for (const name of CREDENTIALS) rest.delete(name);
  return rest;
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
