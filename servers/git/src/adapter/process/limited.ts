import { refuse } from '../../guard/refusals.ts';
import type { Run } from '../handle.ts';

/** A call's signal with a nearer end of its own. */
export interface Limited {
  readonly signal: AbortSignal;
  /** Says why the signal aborted: the call's own reason, or `git.timeout`. */
  fail(): never;
  /** Lets go of the clock and of the call's signal. */
  end(): void;
}

/**
 * Ends a call's command after `msMax` milliseconds, at the call's deadline, or when it is cancelled,
 * whichever comes first: git can be made to wait for ever (a pipe in the place of a file), and a call
 * must not.
 */
export function limited(run: Run, msMax: number): Limited {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, Math.max(0, Math.min(msMax, run.deadline - performance.now())));
  if (run.signal.aborted) abort();
  else run.signal.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    fail() {
      run.signal.throwIfAborted();
      return refuse('git.timeout');
    },
    end() {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', abort);
    },
  };
}
