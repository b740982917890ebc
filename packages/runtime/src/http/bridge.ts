import {
  type AuthInfo,
  createMcpHandler,
  type JSONRPCMessage,
  type McpServer,
} from '@modelcontextprotocol/server';
import { covers, type Scope } from '@secure-mcp/auth';
import type { Audit, Logger, StreamEvent } from '@secure-mcp/logging';
import type { Caller } from '../call/dispatch.ts';
import { tryRecord } from '../call/record.ts';
import type { Delivery } from '../mcp/delivery.ts';
import type { Authorizer } from './authorize.ts';
import { addTo } from './counts.ts';
import { whenOver } from './exchange-open.ts';
import type { Admitted, Challenges, ServeMcp } from './front-parts.ts';
import { isListen, watchedUris } from './listen.ts';
import { refuseHttp } from './refusals.ts';
import { sdkRequest } from './sdk-request.ts';
import { idOf } from './steps/message.ts';

/** How long an issuer's word on a token holds for an open stream, in milliseconds. */
const ASKED_AGAIN_MS = 30_000;

export interface BridgeParts {
  /** The SDK's server for one request, which tells of what it refuses by itself. */
  build(caller: Caller, delivery: Delivery, onRefused: (code: number) => void): McpServer;
  callerOf(admitted: Admitted): Caller;
  readonly authorizer: Authorizer;
  readonly challenges: Challenges;
  /** The canonical URL of the endpoint: the SDK sees no other, whatever the client wrote. */
  readonly resource: URL;
  /** Open streams for each caller. */
  readonly streamsMax: number;
  readonly audit: Audit;
  readonly logger: Logger;
}

/** The way from the front to the SDK's handler for both eras. */
export interface Bridge {
  readonly serveMcp: ServeMcp;
  /** Open streams. */
  streams(): number;
  /** Ends the open streams only: their callers ask anew, under what holds now. */
  endStreams(): void;
  /** Tells every open stream that a resource changed; the stream's caller was allowed to watch it. */
  resourceUpdated(uri: string): void;
  /** Ends the open streams, and every call that is still running. */
  close(): Promise<void>;
}

interface OneRequest extends Pick<Admitted, 'onRefused'> {
  readonly caller: Caller;
  readonly delivery: Delivery;
}

/**
 * Connects the front to the SDK, and closes what the SDK leaves open: scopes are judged for every
 * kind of request, also without a scope challenge of the tool's own; a stream is judged by each URI;
 * and the handler is given no token that it could pass on.
 */
export function createBridge(parts: BridgeParts): Bridge {
  const { resource, challenges, authorizer, logger } = parts;
  /** What the factory has to know of a request, by the very request that it is shown. */
  const requests = new WeakMap<globalThis.Request, OneRequest>();
  const streams = createStreams(parts);
  let anew = new AbortController();

  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const one = requestInfo && requests.get(requestInfo);
      // The handler shows each factory call the request that we gave it. Without one, nobody is calling.
      if (one === undefined) throw new Error('a request that did not come through the front');
      return parts.build(one.caller, one.delivery, one.onRefused);
    },
    {
      legacy: 'stateless',
      onerror: (error) => logger.debug('protocol error', { error }),
      // Ours are counted for each caller; the SDK's own bound is over all of them.
      maxSubscriptions: Number.MAX_SAFE_INTEGER,
    },
  );

  return {
    async serveMcp(admitted) {
      const { message, signal } = admitted;
      const caller = parts.callerOf(admitted);
      assertScopes(admitted, caller, { authorizer, challenges });
      const isStream = isListen(message);
      const ends = isStream ? AbortSignal.any([signal, anew.signal, askAgainOf(admitted)]) : signal;
      const request = sdkRequest(resource, admitted.headers, ends);
      const { onRefused } = admitted;
      requests.set(request, { caller, delivery: deliveryOf(admitted), onRefused });
      const options = { authInfo: authInfoOf(caller, admitted), parsedBody: message };
      if (!isStream) {
        const answer = handler.fetch(request, options);
        // The collector of young objects keeps the values of an old table, whatever has become of their keys.
        return answer.finally(() => requests.delete(request));
      }
      const leave = streams.enter(message, caller);
      const response = await handler.fetch(request, options).catch((error: unknown) => {
        leave('error');
        throw error;
      });
      whenOver(admitted.exchange, () => leave(ends.aborted ? 'ended' : 'closed'));
      return response;
    },
    streams: streams.count,
    endStreams() {
      const former = anew;
      anew = new AbortController();
      former.abort();
    },
    resourceUpdated: (uri) => handler.notify.resourceUpdated(uri),
    close: () => handler.close(),
  };
}

/**
 * Ends a stream so that its credential is verified anew. Where the issuer is asked about each token, a
 * stream must not outlive what it last said by more than a call would.
 */
function askAgainOf({ verified: { method } }: Admitted): AbortSignal {
  return method === 'introspection'
    ? AbortSignal.timeout(ASKED_AGAIN_MS)
    : new AbortController().signal;
}

/** RFC 6750 §3.1: all scopes that the operation needs, in one challenge. */
function assertScopes(
  { message, verified }: Admitted,
  caller: Caller,
  { authorizer, challenges }: Pick<BridgeParts, 'authorizer' | 'challenges'>,
): void {
  const needed = authorizer.scopesNeeded(message, caller);
  const missing = needed.filter((scope) => !covers(caller.principal.scopes, scope));
  // Where no other credential can help, the call is answered like one of what does not exist.
  if (missing.length === 0 || !missing.every((scope) => isInReach(scope, caller))) return;
  refuseHttp('auth.scope', {
    headers: { 'www-authenticate': challenges.insufficientScope(needed, verified) },
    id: idOf(message),
    detail: missing.join(' '),
  });
}

function isInReach(scope: Scope, { reach }: Caller): boolean {
  return reach !== undefined && covers(reach, scope);
}

/** The SDK's shape of a caller. The token stays behind: what is not there cannot be passed on. */
function authInfoOf({ principal }: Caller, { verified: { expiresAt } }: Admitted): AuthInfo {
  return {
    token: '',
    clientId: principal.id,
    scopes: [...principal.scopes],
    // A caller without an end is the local user of a loopback that nobody has to sign in to.
    expiresAt: Number.isFinite(expiresAt) ? Math.floor(expiresAt / 1000) : Number.MAX_SAFE_INTEGER,
  };
}

function deliveryOf(admitted: Admitted): Delivery {
  return {
    // One exchange carries one answer.
    whenTaken: (_id, then) => whenOver(admitted.exchange, then),
    enclose: (_id, data) =>
      typeof data === 'string' ? data : Buffer.from(data).toString('base64'),
  };
}

interface Streams {
  count(): number;
  /** Takes one of the caller's places. Gives back how to leave it. */
  enter(message: JSONRPCMessage, caller: Caller): (reason: string) => void;
}

/** Judges and counts the open streams of notifications. */
function createStreams({ authorizer, streamsMax, audit, logger }: BridgeParts): Streams {
  const open = new Map<string, number>();

  /** False when the trail cannot be written. */
  const record = (
    { principal, source = { address: '' } }: Caller,
    event: Pick<StreamEvent, 'type' | 'outcome' | 'reason'>,
  ): boolean =>
    tryRecord({ audit, logger }, { ...event, transport: 'http', principal: principal.id, source });

  return {
    count: () => open.values().reduce((sum, count) => sum + count, 0),
    enter(message, caller) {
      const { id } = caller.principal;
      const uris = watchedUris(message);
      const denied = uris.some((uri) => !authorizer.mayWatch(uri, caller));
      const count = open.get(id) ?? 0;
      if (denied || count >= streamsMax) {
        const reason = denied ? 'resource.unknown' : 'limit.busy';
        record(caller, { type: 'subscribe.denied', outcome: denied ? 'deny' : 'limit', reason });
        refuseHttp(denied ? 'auth.resource' : 'http.busy', { id: idOf(message) });
      }
      const isRecorded = record(caller, { type: 'subscribe.open', outcome: 'allow' });
      if (!isRecorded) refuseHttp('audit.unavailable', { id: idOf(message) });
      addTo(open, id, 1);
      let left = false;
      return (reason) => {
        if (left) return;
        left = true;
        addTo(open, id, -1);
        record(caller, { type: 'subscribe.close', outcome: 'allow', reason });
      };
    },
  };
}
