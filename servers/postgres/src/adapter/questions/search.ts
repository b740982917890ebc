import * as z from 'zod';

import type { Cell } from '../database.ts';
import { flag, json, number } from './form.ts';
import type { Question } from './question.ts';
import {
  bindShown,
  FAMILY,
  isMasked,
  isReadable,
  isShownType,
  KIND,
  PAGE_TYPES,
  SCHEMAS,
  type Shown,
  shortened,
  shownPageType,
  VISIBLE,
} from './shown.ts';

/** What can be searched for. A partitioned table is a table. */
export const OBJECT_KINDS = [
  'table',
  'view',
  'materialized view',
  'foreign table',
  'sequence',
  'function',
  'column',
] as const;
type ObjectKind = (typeof OBJECT_KINDS)[number];

export interface Search {
  /** A pattern of LIKE. */
  readonly pattern: string | undefined;
  readonly kinds: readonly ObjectKind[];
  readonly schema: string | undefined;
  readonly detail: 'names' | 'summary' | 'full';
  readonly skip: number;
  readonly limit: number;
  /** False where only listed relations exist: a function could be named after another one. */
  readonly functions: boolean;
}

const ROW = z.strictObject({
  schema: z.string(),
  name: z.string(),
  kind: z.string(),
  /** A function's arguments. */
  arguments: z.string().nullable(),
  column: z.string().nullable(),
  /** Of a column, or of a function's result. */
  type: z.string().nullable(),
  masked: flag.nullable(),
  comment: z.string().nullable(),
  rows: number.nullable(),
  bytes: number.nullable(),
  partitions: number.nullable(),
  columns: json(z.array(z.strictObject({ name: z.string(), type: z.string() }))).nullable(),
});
export type FoundObject = z.output<typeof ROW>;

export function bindSearch(shown: Shown, search: Search): readonly (Cell | readonly Cell[])[] {
  const kinds = search.kinds.length === 0 ? OBJECT_KINDS.slice(0, -1) : search.kinds;
  return [
    ...bindShown(shown),
    search.pattern ?? null,
    kinds,
    search.schema ?? null,
    search.detail,
    // One more tells whether there are more.
    search.limit + 1,
    search.skip,
    search.functions,
  ];
}

/** Characters of one comment in a list of many. */
const COMMENT_CHARACTERS = 300;

const FOUND = `
  SELECT n.nspname AS schema, c.relname AS name, ${KIND} AS kind, c.relname AS matched,
    c.oid, 0 AS number
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = ANY (${VISIBLE})
    AND NOT (c.relispartition AND EXISTS (
      SELECT FROM pg_inherits i
      WHERE i.inhrelid = c.oid AND i.inhparent = ANY (${VISIBLE})))
  UNION ALL
  SELECT n.nspname, p.proname, 'function', p.proname, p.oid, 0
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE 'function' = ANY ($6::text[]) AND $11::bool
    AND n.nspname = ANY (${SCHEMAS}) AND p.prokind <> 'p'
    AND p.prorettype <> ALL ('{trigger,event_trigger}'::regtype[]::oid[])
    AND has_function_privilege(p.oid, 'EXECUTE')
    AND NOT EXISTS (
      SELECT FROM pg_depend fd
      WHERE fd.classid = 'pg_proc'::regclass AND fd.objid = p.oid
        AND fd.deptype = 'e')
    AND NOT EXISTS (
      SELECT FROM unnest(p.prorettype
        || COALESCE(p.proallargtypes, p.proargtypes::oid[])) AS u(type)
      WHERE NOT ${isShownType('u.type')})
  UNION ALL
  SELECT n.nspname, c.relname, 'column', a.attname, c.oid, a.attnum
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE 'column' = ANY ($6::text[]) AND c.oid = ANY (${VISIBLE})
    AND c.relkind <> 'S' AND NOT c.relispartition AND ${isReadable('c.oid', 'a.attnum')}`;

const PAGE = `
  SELECT * FROM found f
  WHERE ($5::text IS NULL OR f.matched ILIKE $5::text)
    AND ($7::text IS NULL OR f.schema = $7::text)
    AND CASE f.kind WHEN 'partitioned table' THEN 'table' ELSE f.kind END
      = ANY ($6::text[])
  ORDER BY f.schema COLLATE "C", f.name COLLATE "C", f.kind COLLATE "C", f.number, f.oid
  OFFSET $10::int8 LIMIT $9::int8`;

const DETAILS = `
  SELECT f.schema, f.name, f.kind,
    CASE WHEN f.kind = 'function'
      THEN pg_get_function_identity_arguments(f.oid) END AS arguments,
    CASE WHEN f.kind = 'column' THEN f.matched END AS "column",
    CASE f.kind
      WHEN 'function' THEN pg_get_function_result(f.oid)
      WHEN 'column' THEN ${shownPageType('a.atttypid', 'a.atttypmod')} END AS type,
    CASE WHEN f.kind = 'column' THEN ${isMasked('f.oid', 'f.number')} END AS masked,
    CASE WHEN $8::text <> 'names' THEN ${shortened('said.comment', COMMENT_CHARACTERS)} END AS comment,
    size.rows, size.bytes, NULLIF(size.partitions, 0) AS partitions,
    CASE WHEN $8::text = 'full' AND f.kind NOT IN ('function', 'column', 'sequence') THEN (
      SELECT json_agg(json_build_object(
        'name', fa.attname, 'type', ${shownPageType('fa.atttypid', 'fa.atttypmod')}) ORDER BY fa.attnum)
      FROM pg_attribute fa
      WHERE fa.attrelid = f.oid AND fa.attnum > 0 AND NOT fa.attisdropped
        AND ${isReadable('f.oid', 'fa.attnum')}) END AS columns
  FROM page f
  CROSS JOIN LATERAL (
    SELECT CASE f.kind
      WHEN 'function' THEN obj_description(f.oid, 'pg_proc')
      WHEN 'column' THEN col_description(f.oid, f.number)
      ELSE obj_description(f.oid, 'pg_class') END AS comment) said
  LEFT JOIN pg_class c ON c.oid = f.oid AND f.kind NOT IN ('function', 'column')
  LEFT JOIN pg_attribute a
    ON a.attrelid = f.oid AND a.attnum = f.number AND f.kind = 'column'
  LEFT JOIN LATERAL (
    SELECT sum(t.reltuples::float8)
        FILTER (WHERE t.reltuples >= 0 AND t.relkind <> 'p') AS rows,
      sum(t.relpages * current_setting('block_size')::float8)
        FILTER (WHERE t.relkind <> 'p') AS bytes,
      count(*) FILTER (WHERE t.relispartition AND t.oid <> c.oid) AS partitions
    FROM (${FAMILY}) t
  ) size ON $8::text <> 'names' AND c.relkind IN ('r', 'p', 'm')
    AND NOT row_security_active(c.oid)
  ORDER BY f.schema COLLATE "C", f.name COLLATE "C", f.kind COLLATE "C", f.number, f.oid`;

/**
 * Relations, functions and columns that exist for a caller, in one statement whatever their number.
 * Partitions stand behind their table. Sizes are what the last VACUUM or ANALYZE counted: asking for the
 * exact ones would wait for every lock. Where row-level security applies to the role, a count would say
 * how many rows there are that it may not see, so there is none.
 */
export const searchObjects: Question<FoundObject> = {
  name: 'search objects',
  text: () => `WITH found AS (${FOUND}), page AS (${PAGE}), ${PAGE_TYPES} ${DETAILS}`,
  row: ROW,
};
