import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Verified } from '@secure-mcp/auth';

import { whenAborted } from '../call/when-aborted.ts';
import { ClientGone } from './client-gone.ts';
import type { Exchange } from './exchange.ts';
import type { FrontParts } from './front-parts.ts';
import { HttpRefusal } from './refusals.ts';
import { refusalOf } from './steps/authenticate.ts';

/** Watches a request until its answer is complete or its client is gone. */
export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientGone());
  });
  // What a socket reports besides its end changes nothing here, and unheard it would end the process.
  response.on('error', () => undefined);
  return { request, response, since: performance.now(), signal: controller.signal };
}

/** An admitted request that is under way. */
export interface UnderWay {
  /** Aborts when the client leaves, its credential ends or is revoked, or the server stops. */
  readonly signal: AbortSignal;
  /** Settles with the work, or rejects with what ends the request, whichever comes first. */
  race<Value>(work: Promise<Value>): Promise<Value>;
  close(): void;
}

/** Puts a request among the live ones. Where its credential ends under way, so does its answer. */
export function openUnderWay(
  exchange: Exchange,
  verified: Verified,
  { live, challenges, isRevoked }: Pick<FrontParts, 'live' | 'challenges' | 'isRevoked'>,
): UnderWay {
  const controller = new AbortController();
  const { signal } = controller;
  const onGone = (): void => controller.abort(exchange.signal.reason);
  if (exchange.signal.aborted) onGone();
  else exchange.signal.addEventListener('abort', onGone, { once: true });
  const end = (reason?: Error): void =>
    controller.abort(
      reason instanceof HttpRefusal
        ? reason
        : refusalOf({ kind: 'invalid', detail: 'ended under way' }, challenges),
    );
  const leave = live.open(verified, end);
  // Asked once more now: a revocation that came before ends only what was among the live ones.
  if (isRevoked(verified, exchange.since)) end();
  return {
    signal,
    race: (work) => Promise.race([work, whenAborted(signal)]),
    close: leave,
  };
}

/** Calls back once an exchange is over, however it ended; at once, where it is. */
export function whenOver({ response }: Exchange, then: () => void): void {
  if (response.closed) then();
  else response.once('close', then);
}
