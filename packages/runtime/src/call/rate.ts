import { refuse } from '../refusals.ts';
import type { Store } from '../store/store.ts';
import type { Rate, ToolBudget } from './limits.ts';

/** Counts a caller's calls. */
export interface RateLimit {
  /** Counts one call, or refuses it and says when the next can succeed. */
  admit(principalId: string, rates: readonly Rate[]): Promise<void>;
  /** Counts one call of a tool in each of the caller's budgets that it has to fit. */
  admitTool(principalId: string, budgets: readonly ToolBudget[]): Promise<void>;
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
    async admitTool(principalId, budgets) {
      for (const { names, rate } of budgets) {
        // Names hold no colon, so no caller's id can be taken for the end of one.
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (rate !== undefined) await count(`tool:${names}:${principalId}`, rate);
      }
    },
  };
}
