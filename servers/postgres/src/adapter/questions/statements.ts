import * as z from 'zod';

import type { Cell } from '../database.ts';
import { quoteIdentifier } from '../quote.ts';
import { flag, number } from './form.ts';
import type { Question } from './question.ts';
import { verbOf } from './verb.ts';

const WHERE = z.strictObject({
  /** Where the extension is installed. */
  schema: z.string(),
  /** Such as 1.10. */
  version: z.string(),
  /** False when the server was started without its library. */
  loaded: flag,
  sees_all: flag,
});
export type StatementStatistics = z.output<typeof WHERE>;

/** Where statements are counted. No row, when they are not. No parameters. */
export const statementStatistics: Question<StatementStatistics> = {
  name: 'statement statistics',
  text: () => `
  SELECT n.nspname AS schema, e.extversion AS version,
    current_setting('pg_stat_statements.max', true) IS NOT NULL AS loaded,
    pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'pg_stat_statements'`,
  row: WHERE,
};

export const ORDERS = ['total', 'mean', 'rows', 'io'] as const;
export type StatementOrder = (typeof ORDERS)[number];

const ROW = z.strictObject({
  query_id: z.string(),
  verb: z.string(),
  /** The text, as it was counted: somebody else's, and not always without its constants. */
  text: z.string().nullable(),
  calls: number,
  total_ms: number,
  mean_ms: number,
  rows: number,
  blocks_read: number,
  blocks_hit: number,
  temporary_blocks: number,
});
export type CountedStatement = z.output<typeof ROW>;

/** Characters of a text that is worth judging. */
const TEXT_CHARACTERS_MAX = 4096;

export function bindTopStatements(order: StatementOrder, limit: number): readonly Cell[] {
  return [order, limit];
}

/**
 * The statements of this database that cost most. Only those that read or change rows: a utility
 * statement keeps its constants, and one of them may be a password.
 *
 * An extension can stand in any schema, so its name stands in the text, quoted. It comes from
 * {@link statementStatistics}, never from a caller.
 */
export function topStatements(schema: string): Question<CountedStatement> {
  return {
    name: 'top statements',
    text: () => `
  SELECT s.queryid::text AS query_id, v.verb,
    CASE WHEN length(s.query) <= ${String(TEXT_CHARACTERS_MAX)} THEN s.query END AS text,
    s.calls::float8 AS calls, s.total_exec_time AS total_ms, s.mean_exec_time AS mean_ms,
    s.rows::float8 AS rows,
    (s.shared_blks_read + s.local_blks_read)::float8 AS blocks_read,
    (s.shared_blks_hit + s.local_blks_hit)::float8 AS blocks_hit,
    (s.temp_blks_read + s.temp_blks_written)::float8 AS temporary_blocks
  FROM ${quoteIdentifier(schema)}.pg_stat_statements s
  CROSS JOIN LATERAL (SELECT ${verbOf('s.query')} AS verb) v
  WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND s.toplevel AND s.queryid IS NOT NULL
    AND v.verb = ANY ('{SELECT,WITH,VALUES,TABLE,INSERT,UPDATE,DELETE,MERGE}'::text[])
  ORDER BY CASE $1::text
      WHEN 'mean' THEN s.mean_exec_time
      WHEN 'rows' THEN s.rows::float8
      WHEN 'io' THEN (s.shared_blks_read + s.local_blks_read + s.temp_blks_read + s.temp_blks_written)::float8
      ELSE s.total_exec_time END DESC, s.queryid
  LIMIT $2::int8`,
    row: ROW,
  };
}
