import { refuse } from '../refusals.ts';
import type { Store } from '../store/store.ts';
import type { Rate } from './limits.ts';

/** Counts a caller's calls. */
export interface RateLimit {
  /** Counts one call, or refuses it and says when the next can succeed. */
  admit(principalId: string, rates: readonly Rate[]): Promise<void>;
  /** Counts one call of a tool, in the caller's budget of that name. */
  admitTool(principalId: string, budget: string, rate: Rate): Promise<void>;
}

/** Counts in a store: this process's, or the one that replicas share. */
export function createRateLimit(store: Pick<Store, 'consume'>): RateLimit {
  const count = async (key: string, rate: Rate): Promise<void> => {
    const { allowed, retryAfterMs } = await store.consume(key, rate);
    if (!allowed) refuse('limit.rate', { retryAfterMs });
  };
  return {
    async admit(principalId, rates) {
      for (const rate of rates) {
        // oxlint-disable-next-line no-await-in-loop -- a call that one window refuses is not counted by the next
        await count(`calls:${principalId}`, rate);
      }
    },
    // A budget's name holds no colon, so no caller's id can be taken for the end of it.
    admitTool: (principalId, budget, rate) => count(`tool:${budget}:${principalId}`, rate),
  };
}
