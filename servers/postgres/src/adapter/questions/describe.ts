import * as z from 'zod';

import type { Cell } from '../database.ts';
import { COLUMNS, CONSTRAINTS, INDEXES, POLICIES, TRIGGERS } from './describe-parts.ts';
import { json, named, number } from './form.ts';
import type { Question } from './question.ts';
import {
  areOpen,
  areReadable,
  bindShown,
  closedTexts,
  FAMILY,
  isShownText,
  type Shown,
  VISIBLE,
  shortened,
  TEXT_CHARACTERS,
} from './shown.ts';

/** Entries of one list that are shown; some tables have thousands of partitions. */
export const ENTRIES_MAX = 200;
/** PostgreSQL's own limit. */
const COLUMNS_MAX = 1600;
const DEFINITION_CHARACTERS = 16_384;

const names = z.array(z.string());
const text = z.string().nullable();

const COLUMN = z.strictObject({
  name: z.string(),
  type: z.string(),
  nullable: z.boolean(),
  /** The expression of a default or of a generated column, where it may be shown. */
  default: text,
  generated: z.enum(['stored', 'virtual']).nullable(),
  identity: z.enum(['always', 'by default']).nullable(),
  comment: text,
});

const CONSTRAINT = z.strictObject({
  name: z.string(),
  kind: z.enum(['primary key', 'unique', 'exclusion', 'check', 'foreign key']),
  columns: names.nullable(),
  /** Of a check, where it may be shown. */
  expression: text,
  references: named.extend({ columns: names }).nullable(),
  on_update: text,
  on_delete: text,
  validated: z.boolean(),
});

const REFERENCE = named.extend({
  constraint: z.string(),
  /** Columns there. */
  from: names,
  /** Columns here. */
  to: names,
});

const INDEX = z.strictObject({
  name: z.string(),
  method: z.string(),
  /** Columns and expressions; an expression that may not be shown is `null`. */
  keys: z.array(text),
  unique: z.boolean(),
  primary: z.boolean(),
  valid: z.boolean(),
  /** What a partial index is limited to; `null` also where that may not be shown. */
  predicate: text,
  partial: z.boolean(),
  bytes: z.number().nullable(),
  scans: z.number().nullable(),
});

const POLICY = z.strictObject({
  name: z.string(),
  command: z.enum(['all', 'select', 'insert', 'update', 'delete']),
  permissive: z.boolean(),
  /** True when it is made for the role that asks. */
  applies: z.boolean(),
  using: text,
  check: text,
});

const TRIGGER = z.strictObject({
  name: z.string(),
  timing: z.enum(['before', 'after', 'instead of']),
  events: names,
  enabled: z.boolean(),
  function: named.nullable(),
});

const ROW = z.strictObject({
  comment: text,
  rows: number.nullable(),
  bytes: number.nullable(),
  rls: json(z.strictObject({ enabled: z.boolean(), forced: z.boolean(), applies: z.boolean() })),
  columns: json(z.array(COLUMN)),
  constraints: json(z.array(CONSTRAINT)),
  referenced_by: json(z.array(REFERENCE)),
  indexes: json(z.array(INDEX)),
  policies: json(z.array(POLICY)),
  triggers: json(z.array(TRIGGER)),
  parents: json(z.array(named)),
  partition_key: text,
  partition_count: number,
  children: json(z.array(named.extend({ bound: text }))),
  definition: text,
});
export type Description = z.output<typeof ROW>;

export function bindDescribe(shown: Shown, oid: number): readonly (Cell | readonly Cell[])[] {
  return [...bindShown(shown), oid];
}

/** A list that is never `null`. One entry too many tells that there are more. */
function list(rows: string, limit = ENTRIES_MAX + 1): string {
  return `COALESCE((SELECT json_agg(e.entry ORDER BY e.place) FROM (
    ${rows} ORDER BY 2 LIMIT ${String(limit)}) e(entry, place)), '[]')`;
}

const PARENTS = `
  SELECT json_build_object('schema', n.nspname, 'name', p.relname), i.inhseqno
  FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
  JOIN pg_namespace n ON n.oid = p.relnamespace
  WHERE i.inhrelid = c.oid AND p.oid = ANY (${VISIBLE})`;

/**
 * The bound of a partition holds values of its key, so it is shown where the key is. `pg_depend` knows
 * what an expression in a key depends on, but not which plain columns stand there.
 */
const KEY = `
  SELECT ${isShownText('pg_class', 'c.oid')}
      AND ${areReadable('c.oid', 'kt.partattrs::int2[]')}
      AND ${areOpen('c.oid', 'kt.partattrs::int2[]')} AS shown
  FROM pg_partitioned_table kt
  WHERE kt.partrelid = c.oid`;

const CHILDREN = `
  SELECT json_build_object('schema', n.nspname, 'name', p.relname, 'bound',
      CASE WHEN key.shown THEN ${shortened('pg_get_expr(p.relpartbound, p.oid)', TEXT_CHARACTERS)} END),
    p.relname
  FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
  JOIN pg_namespace n ON n.oid = p.relnamespace
  WHERE i.inhparent = c.oid AND p.oid = ANY (${VISIBLE})`;

const DEFINITION = `
  CASE WHEN c.relkind IN ('v', 'm') AND NOT EXISTS (
    SELECT FROM pg_rewrite r
    WHERE r.ev_class = c.oid AND NOT ${isShownText('pg_rewrite', 'r.oid')})
  THEN ${shortened('pg_get_viewdef(c.oid, true)', DEFINITION_CHARACTERS)}
  WHEN c.relkind = 'S' THEN (
    SELECT format('%s START %s MINVALUE %s MAXVALUE %s INCREMENT %s%s',
      format_type(s.seqtypid, NULL), s.seqstart, s.seqmin, s.seqmax, s.seqincrement,
      CASE WHEN s.seqcycle THEN ' CYCLE' END)
    FROM pg_sequence s WHERE s.seqrelid = c.oid) END`;

const TEXT = `
  WITH ${closedTexts('$5::oid')}
  SELECT ${shortened("obj_description(c.oid, 'pg_class')", TEXT_CHARACTERS)} AS comment,
    size.rows, size.bytes,
    json_build_object('enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity,
      'applies', row_security_active(c.oid)) AS rls,
    ${list(COLUMNS, COLUMNS_MAX)} AS columns,
    ${list(CONSTRAINTS.own)} AS constraints,
    ${list(CONSTRAINTS.referencing)} AS referenced_by,
    ${list(INDEXES)} AS indexes,
    ${list(POLICIES)} AS policies,
    ${list(TRIGGERS)} AS triggers,
    ${list(PARENTS)} AS parents,
    CASE WHEN key.shown THEN pg_get_partkeydef(c.oid) END AS partition_key,
    (SELECT count(*) FROM pg_inherits i
      WHERE i.inhparent = c.oid AND c.relkind = 'p') AS partition_count,
    ${list(CHILDREN)} AS children,
    ${DEFINITION} AS definition
  FROM pg_class c
  LEFT JOIN LATERAL (${KEY}) key ON true
  LEFT JOIN LATERAL (
    SELECT sum(t.reltuples::float8)
        FILTER (WHERE t.reltuples >= 0 AND t.relkind <> 'p') AS rows,
      sum(pg_total_relation_size(t.oid)) AS bytes
    FROM (${FAMILY}) t
  ) size ON c.relkind IN ('r', 'p', 'm') AND NOT row_security_active(c.oid)
  WHERE c.oid = $5::oid AND c.oid = ANY (${VISIBLE})`;

/** All that there is to know of one relation, in one statement. No row, when it is not visible. */
export const describeRelation: Question<Description> = {
  name: 'describe relation',
  text: () => TEXT,
  row: ROW,
};
