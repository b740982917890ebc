import type { Trusted } from '@secure-mcp/validation';

import type { QualifiedName } from '../policy.ts';

/**
 * One statement that only reads, by the grammar of PostgreSQL itself: every node, field, function,
 * type and relation of it is on a list, relations are qualified, and masked ones stand behind their
 * masks.
 *
 * Not promised: that it ends in time or fits into memory. The session's limits see to that. Nor that
 * the role may read what it names.
 */
export type ReadStatement = Trusted<
  {
    /** What is sent. */
    readonly text: string;
    /** `$1` to `$n` that it uses. */
    readonly parameters: number;
    /** Equal for statements that differ in their constants only; safe to record. */
    readonly fingerprint: string;
    readonly relations: readonly QualifiedName[];
    /** True when the statement orders its rows, so that pages fit together. */
    readonly isOrdered: boolean;
    /** True when a mask stands in it. */
    readonly isMasked: boolean;
    /**
     * Where the caller wrote what stands at a place of the text that is sent. Both count characters
     * from one, as PostgreSQL's messages do.
     */
    placeOf(sent: number): number | undefined;
  },
  'ReadStatement'
>;

export interface StatementGuard {
  /** Reads a caller's statement. Refuses what is not on the lists; see `refusals.ts`. */
  parse(sql: string, parameters: number): ReadStatement;
}
