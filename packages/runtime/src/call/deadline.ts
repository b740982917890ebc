import { Refusal } from '@secure-mcp/validation';

import { COMMON_REFUSALS } from '../refusals.ts';

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

/** Watches a call: the client's signal and the clock. */
export function startDeadline(client: AbortSignal, deadlineMs: number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const cancel = (): void => controller.abort(ended('call.cancelled'));
  const timer = setTimeout(() => controller.abort(ended('limit.deadline')), deadlineMs);
  if (client.aborted) cancel();
  else client.addEventListener('abort', cancel, { once: true });
  return {
    signal,
    at: performance.now() + deadlineMs,
    race: (work) => Promise.race([work, whenAborted(signal)]),
    done() {
      clearTimeout(timer);
      client.removeEventListener('abort', cancel);
    },
  };
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function ended(code: 'call.cancelled' | 'limit.deadline'): Refusal {
  return new Refusal(code, COMMON_REFUSALS[code]);
}
