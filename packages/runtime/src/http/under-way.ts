import type { Verified } from '@secure-mcp/auth';

import { whenAborted } from '../call/when-aborted.ts';
import type { Exchange } from './exchange.ts';
import type { FrontParts } from './front-parts.ts';
import { HttpRefusal } from './refusals.ts';
import { refusalOf } from './steps/authenticate.ts';

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
