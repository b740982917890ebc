import type { Principal } from '@secure-mcp/auth';

import { createConcurrency } from './concurrency.ts';
import type { CallLimits, ToolBudget } from './limits.ts';

/** Calls that may wait for a place among all; each caller has no more of them there than it may run. */
const WAITING_FOR_ALL_MAX = 1024;

/** A call that wants to run. */
interface Entrant {
  readonly principal: Principal;
  readonly limits: CallLimits;
  readonly budgets: readonly ToolBudget[];
  readonly signal: AbortSignal;
}

/** The places that a call needs to run. */
export interface Places {
  /**
   * Waits for them, and adds to `taken` how each is left, also when it is refused or cancelled
   * before it has them all.
   */
  enter(entrant: Entrant, taken: (() => void)[]): Promise<void>;
}

/**
 * Makes the places: of a tool's budget, then of the caller, then of all callers together.
 *
 * In this order, whoever waits holds nothing that others of another caller need; in one order, no two
 * wait for each other.
 */
export function createPlaces(callsMax = Infinity): Places {
  const ofBudgets = createConcurrency();
  const ofCallers = createConcurrency();
  const ofAll = createConcurrency(WAITING_FOR_ALL_MAX);
  return {
    async enter({ principal: { id }, limits, budgets, signal }, taken) {
      for (const { names, concurrency } of budgets) {
        if (concurrency === undefined) continue;
        // oxlint-disable-next-line no-await-in-loop -- one place after another
        taken.push(await ofBudgets.enter(`${names}:${id}`, concurrency, signal));
      }
      taken.push(await ofCallers.enter(id, limits.concurrency, signal));
      taken.push(await ofAll.enter('', callsMax, signal));
    },
  };
}
