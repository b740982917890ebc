import type { Catalog, ReadStatement } from '../guard/index.ts';
import type { RunAs } from '../policy.ts';
import type { Finding } from './posture/posture.ts';
import type { Question } from './questions/question.ts';

/** What bounds one call. */
export interface Run {
  readonly signal: AbortSignal;
  /** When the call is over, on the clock of `performance.now()`. */
  readonly deadline: number;
}

/** One value as it is shown. Numbers that JavaScript cannot hold exactly stay text. */
export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
}

export interface Rows {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** True when there is at least one more row behind the last one. */
  readonly more: boolean;
  /** Cells that were cut to their ceiling. */
  readonly cut: number;
  /** True when rows were left out because the answer reached its ceiling of characters. */
  readonly full: boolean;
}

/** What a statement is run with. */
export interface How {
  readonly parameters: readonly Cell[];
  readonly as: RunAs;
  /** Schemas behind `pg_catalog` on the search path. Relations are qualified; this is for operators and types of extensions. */
  readonly searchPath: readonly string[];
}

/** One database. It connects with the first call that needs it, and takes only what a guard has vouched for. */
export interface Database {
  readonly name: string;
  /** What there is, for a role. Cached; `fresh` reads it again. */
  catalog(as: RunAs, options: { readonly fresh: boolean }, run: Run): Promise<Catalog>;
  /** Runs a statement and returns rows from `skip` on, `limit` at most. One round trip. */
  read(
    statement: ReadStatement,
    how: How & { readonly skip: number; readonly limit: number },
    run: Run,
  ): Promise<Rows>;
  /** The plan, as `EXPLAIN (FORMAT JSON)` gives it. With `analyze` the statement is run. */
  explain(
    statement: ReadStatement,
    how: How & { readonly analyze: boolean },
    run: Run,
  ): Promise<unknown>;
  /** Asks one of the fixed questions. */
  ask<Row>(
    question: Question<Row>,
    how: Pick<How, 'as'> & { readonly parameters: readonly (Cell | readonly Cell[])[] },
    run: Run,
  ): Promise<readonly Row[]>;
  /** Looks at the role and the database anew. Answers also where every other call is refused for it. */
  posture(run: Run): Promise<readonly Finding[]>;
  /** Ends every connection. False when one did not let go in time. */
  close(): Promise<boolean>;
}
