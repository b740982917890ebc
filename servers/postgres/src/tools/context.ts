import type { Cell, Finding, Question, Rows } from '../adapter/index.ts';
import type {
  Browsed,
  Browsing,
  Cursors,
  ParameterValue,
  ReadStatement,
  Visibility,
  VisibleRelation,
} from '../guard/index.ts';
import type { Access, StatementLimits } from '../policy.ts';

/** All that a tool of this server is handed for one call. */
export interface Context {
  /** Databases that the caller may use, the default first. */
  readonly databases: readonly {
    readonly name: string;
    readonly description: string | undefined;
  }[];
  /** Opens one, without a name the first. Refuses `database.unknown`. */
  database(name?: string): Promise<OpenDatabase>;
  /** Who calls: a cursor belongs to its caller. */
  readonly principalId: string;
  readonly cursors: Cursors;
}

/** A database as it is for one caller in one call: under its signal and deadline, as its role. */
export interface OpenDatabase {
  readonly name: string;
  readonly access: Access;
  readonly visibility: Visibility;
  /** What is in force, for the posture. */
  readonly limits: StatementLimits;
  /** A caller's SQL, judged, and noted for the audit trail. */
  statement(sql: string, parameters: number): Promise<ReadStatement>;
  /** A statement of somebody else, judged the same way and noted nowhere: it is only shown. */
  judge(sql: string, parameters: number): Promise<ReadStatement | undefined>;
  /** A relation by a caller's text `schema.name`. Refuses `relation.unknown`; noted for the audit trail. */
  relation(text: string): Promise<VisibleRelation>;
  /** The statement for one page of a relation, written and judged by the guard. */
  browse(browsing: Browsing): Promise<Browsed>;
  read(statement: ReadStatement, page: PageOf): Promise<Rows>;
  explain(
    statement: ReadStatement,
    how: { readonly parameters: readonly ParameterValue[]; readonly analyze: boolean },
  ): Promise<unknown>;
  ask<Row>(
    question: Question<Row>,
    parameters: readonly (Cell | readonly Cell[])[],
  ): Promise<readonly Row[]>;
  /** What is not as it should be, of the role and of the database. */
  posture(): Promise<readonly Finding[]>;
}

interface PageOf {
  readonly parameters: readonly ParameterValue[];
  readonly skip: number;
  readonly limit: number;
}
