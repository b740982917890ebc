import type { SingleUse } from '@secure-mcp/auth';

import type { Rate } from '../call/limits.ts';

/** What a limit says of one more use. */
export interface LimitVerdict {
  readonly allowed: boolean;
  /** When the next use can succeed, in milliseconds. 0 where this one is allowed. */
  readonly retryAfterMs: number;
  /** How many more uses the window lets pass as it is now. 0 where this one is refused. */
  readonly remaining: number;
}

/** A short text that all replicas are told, such as a revocation. */
export interface SharedEntry {
  readonly text: string;
  /** When it ends, in milliseconds since 1970. */
  readonly until: number;
}

/**
 * What replicas share: counts of limits, what was used once, and what was revoked.
 *
 * The memory of this process by default; Redis when replicas share. A Redis that is down leaves
 * counts that are stricter, never absent; what may be used once is then refused.
 */
export interface Store extends SingleUse {
  /**
   * Counts uses of a key in a window: one, or as many as `weight` says, which are refused together where
   * they do not all fit. Never rejects.
   */
  consume(key: string, rate: Rate, weight?: number): Promise<LimitVerdict>;
  /** How a window stands, without a use: for failures that are counted after the fact. Never rejects. */
  peek(key: string, rate: Rate): Promise<LimitVerdict>;
  /**
   * Makes entries known to all replicas, each until it ends, and for a year at most. What is known
   * already costs nothing. Rejects when the store is down, or full: then some of them may be known.
   */
  publish(entries: readonly SharedEntry[]): Promise<void>;
  /** The texts of all entries that have not ended. Rejects when the store is down. */
  published(): Promise<readonly string[]>;
  /** False while limits are counted here only although they should be shared. */
  readonly healthy: boolean;
  close(): Promise<void>;
}
