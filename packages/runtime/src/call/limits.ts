import { patternCovers, type PolicyLimits } from '@secure-mcp/auth';

/** Calls in a window. */
export interface Rate {
  readonly calls: number;
  readonly seconds: number;
}

/** What one caller may do with some of the tools, all of them together. */
export interface ToolBudget {
  /** A tool's name, or a prefix and a star. */
  readonly names: string;
  readonly rate: Rate | undefined;
  readonly concurrency: number | undefined;
}

/** The limits of one caller. Each has its attack in its comment. */
export interface CallLimits {
  /** Windows that all have to have room: a loop, or a model that is told to try every name. */
  readonly rates: readonly Rate[];
  /** Calls at the same time: work that adds up. */
  readonly concurrency: number;
  /** Longest run of one call, in milliseconds: a dead mount, a pattern that meets a huge tree. */
  readonly deadlineMs: number;
  /** Largest answer, in bytes: memory here, the context window there. */
  readonly resultBytes: number;
  /** Tools that cost more than others. Absent: none has a limit of its own. */
  readonly budgets?: readonly ToolBudget[];
}

/** The stricter of what the operator's options and the policy say. */
export function strictestLimits(options: CallLimits, policy: PolicyLimits | undefined): CallLimits {
  if (policy === undefined) return options;
  return {
    rates: bothRates(options.rates, policy.rate),
    concurrency: Math.min(options.concurrency, policy.concurrency ?? Infinity),
    deadlineMs: Math.min(options.deadlineMs, policy.deadlineMs ?? Infinity),
    resultBytes: Math.min(options.resultBytes, policy.resultBytes ?? Infinity),
    budgets: Object.entries(policy.tools ?? {}).map(([names, { rate, concurrency }]) => ({
      names,
      rate,
      concurrency,
    })),
  };
}

/** The budgets that a tool has to fit. */
export function budgetsOf(
  { budgets = [] }: CallLimits,
  tool: string | undefined,
): readonly ToolBudget[] {
  return tool === undefined ? [] : budgets.filter(({ names }) => patternCovers(names, tool));
}

/**
 * Neither of two windows is the stricter one at all times, so both count. The same one twice would
 * count each call twice.
 */
function bothRates(rates: readonly Rate[], more: Rate | undefined): readonly Rate[] {
  const isThere = rates.some(
    ({ calls, seconds }) => calls === more?.calls && seconds === more.seconds,
  );
  return more === undefined || isThere ? rates : [...rates, more];
}
