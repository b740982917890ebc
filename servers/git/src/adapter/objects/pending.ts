import { LIMITS } from '../../policy.ts';
import type { Run } from '../handle.ts';
import { type Limited, limited } from '../process/limited.ts';

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
  let limit: Limited | undefined;

  function end(): void {
    if (open.size > 0) return;
    limit?.end();
    limit = undefined;
  }

  function abandonAll(): void {
    const error = reasonOf(limit);
    const held = [...open];
    open.clear();
    end();
    for (const abandon of held) abandon(error);
  }

  return {
    hold(abandon) {
      run.signal.throwIfAborted();
      open.add(abandon);
      if (limit === undefined) {
        limit = limited(run, LIMITS.commandMs);
        limit.signal.addEventListener('abort', abandonAll, { once: true });
      }
      return {
        settle() {
          open.delete(abandon);
          end();
        },
      };
    },
  };
}

function reasonOf(limit: Limited | undefined): unknown {
  try {
    return limit?.fail();
  } catch (error) {
    return error;
  }
}
