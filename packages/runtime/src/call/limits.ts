import type { PolicyLimits } from '@secure-mcp/auth';

/** Calls in a window. */
export interface Rate {
  readonly calls: number;
  readonly seconds: number;
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
}

/** The stricter of what the operator's options and the policy say. */
export function strictestLimits(options: CallLimits, policy: PolicyLimits | undefined): CallLimits {
  if (policy === undefined) return options;
  return {
    // Neither of two windows is the stricter one at all times, so both count.
    rates: [...options.rates, ...(policy.rate === undefined ? [] : [policy.rate])],
    concurrency: Math.min(options.concurrency, policy.concurrency ?? Infinity),
    deadlineMs: Math.min(options.deadlineMs, policy.deadlineMs ?? Infinity),
    resultBytes: Math.min(options.resultBytes, policy.resultBytes ?? Infinity),
  };
}
