import { Refusal } from '@secure-mcp/validation';

import { COMMON_REFUSALS } from '../refusals.ts';
import { whenAborted } from './when-aborted.ts';

/** A signal that ends a call, whoever ends it. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** When the time is over, on the clock of `performance.now()`. */
  readonly at: number;
  /** Settles with the work or with the end, whichever comes first: work that ignores its signal does not hold the caller. */
  race<Value>(work: Promise<Value>): Promise<Value>;
  /** Ends the watch. The SDK aborts its signal after an answer, too, and that is no cancellation. */
  done(): void;
}

/** Watches a call: the client's signal, the server's own, and the clock. */
export function startDeadline(watched: readonly AbortSignal[], deadlineMs: number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const timer = setTimeout(() => controller.abort(ended('limit.deadline')), deadlineMs);
  const watches = watched.map((source) => {
    // A server that stops says so itself; anything else is the client's cancelling.
    const end = (): void =>
      controller.abort(source.reason instanceof Refusal ? source.reason : ended('call.cancelled'));
    if (source.aborted) end();
    else source.addEventListener('abort', end, { once: true });
    return () => source.removeEventListener('abort', end);
  });
  return {
    signal,
    at: performance.now() + deadlineMs,
    race: (work) => Promise.race([work, whenAborted(signal)]),
    done() {
      clearTimeout(timer);
      for (const unwatch of watches) unwatch();
    },
  };
}

function ended(code: 'call.cancelled' | 'limit.deadline'): Refusal {
  return new Refusal(code, COMMON_REFUSALS[code]);
}
