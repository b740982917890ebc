import { refuse } from '../../guard/refusals.ts';
import { LIMITS } from '../../policy.ts';
import type { Run } from '../handle.ts';

/** The open questions of one call. */
export interface Pending {
  /**
   * Holds a question until `settle` is called. When the call ends before, `abandon` is called with its
   * reason, or with `git.timeout`.
   */
  hold(abandon: (error: unknown) => void): { settle(): void };
}

/**
 * Watches a call's signal and deadline while it has open questions: one listener and one clock for all
 * of them, because a page of history asks hundreds.
 */
export function createPending(run: Run): Pending {
  const open = new Set<(error: unknown) => void>();
  let clock: NodeJS.Timeout | undefined;

  function begin(): void {
    const leftMs = Math.min(LIMITS.commandMs, run.deadline - performance.now());
    clock = setTimeout(expire, Math.max(0, leftMs));
    run.signal.addEventListener('abort', cancel);
  }

  function end(): void {
    clearTimeout(clock);
    run.signal.removeEventListener('abort', cancel);
  }

  const expire = (): void => abandonAll(reasonOf(() => refuse('git.timeout')));
  const cancel = (): void => abandonAll(run.signal.reason);

  function abandonAll(error: unknown): void {
    const held = [...open];
    open.clear();
    end();
    for (const abandon of held) abandon(error);
  }

  return {
    hold(abandon) {
      run.signal.throwIfAborted();
      if (open.size === 0) begin();
      open.add(abandon);
      return {
        settle() {
          if (open.delete(abandon) && open.size === 0) end();
        },
      };
    },
  };
}

/** What a refusal throws, for a promise that is rejected elsewhere. */
export function reasonOf(refused: () => never): unknown {
  try {
    return refused();
  } catch (error) {
    return error;
  }
}
