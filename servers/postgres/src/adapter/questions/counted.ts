import * as z from 'zod';

import type { Cell } from '../database.ts';
import { json, named, number } from './form.ts';
import type { Question } from './question.ts';
import { areReadable, isReadable, type Shown, VISIBLE } from './shown.ts';

/** Names in one list at most. All are counted. */
const NAMED_MAX = 20;

const NAMED = named.extend({ bytes: z.number().nullable(), detail: z.string().nullable() });

const ROW = z.strictObject({
  /** What is wrong, as {@link findings} calls it. */
  finding: z.string(),
  /** All of them, also those that the caller does not see. */
  count: number,
  /** Those that could not be judged, because the role may not look at them. */
  unknown: number,
  named: json(z.array(NAMED)),
});
export type Counted = z.output<typeof ROW>;
export type NamedFinding = z.output<typeof NAMED>;

export function bindCounted({ relations }: Pick<Shown, 'relations'>): readonly (readonly Cell[])[] {
  return [relations];
}

const USER_SCHEMA = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`;
const BLOCK = `current_setting('block_size')::float8`;

/** Each index with the table it is on. Those of partitions belong to their parent's. */
const INDEX = `
  SELECT i.*, n.nspname, ic.relname AS index_name, c.relname AS table_name, ic.relam,
    CASE WHEN NOT row_security_active(c.oid) THEN ic.relpages * ${BLOCK} END AS bytes,
    s.idx_scan AS scans,
    c.oid = ANY (${VISIBLE}) AND ${areReadable('c.oid', 'i.indkey::int2[]')} AS shown
  FROM pg_index i
  JOIN pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.indexrelid
  WHERE ${USER_SCHEMA} AND c.relkind IN ('r', 'p', 'm') AND NOT ic.relispartition`;

/** Of indexes on the same columns in the same way one is needed: the one that also holds a constraint. */
const DUPLICATE = `
  SELECT 'duplicate index', nspname, index_name, bytes,
    CASE WHEN first_shown THEN first_name END, shown, false
  FROM (
    SELECT *, first_value(indexrelid) OVER same AS first_oid,
      first_value(index_name) OVER same AS first_name, first_value(shown) OVER same AS first_shown
    FROM index WHERE indisvalid
    WINDOW same AS (
      PARTITION BY indrelid, relam, indnkeyatts, indkey::text, indclass::text, indcollation::text,
        indoption::text, indexprs::text, indpred::text
      ORDER BY indisprimary DESC, indisexclusion DESC, indisunique DESC, indexrelid)) a
  WHERE first_oid <> indexrelid AND NOT indisprimary AND NOT indisexclusion`;

const TABLE = `
  SELECT n.nspname, c.relname, c.oid, s.n_dead_tup, s.n_live_tup, s.seq_scan, s.idx_scan,
    s.seq_tup_read, c.relpages, c.reltuples,
    COALESCE(s.last_analyze, s.last_autoanalyze) IS NULL AS unanalyzed,
    CASE WHEN NOT row_security_active(c.oid) THEN c.relpages * ${BLOCK} END AS bytes,
    c.oid = ANY (${VISIBLE}) AS shown
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_stat_all_tables s ON s.relid = c.oid
  WHERE ${USER_SCHEMA} AND c.relkind IN ('r', 'm')`;

/** A foreign key that no index leads: each delete at its other end reads the whole table. */
const FOREIGN_KEY = `
  SELECT 'foreign key without index', n.nspname, c.relname, NULL::float8,
    (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
      FROM unnest(f.conkey) WITH ORDINALITY AS k(number, place)
      JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
    c.oid = ANY (${VISIBLE}) AND ${areReadable('f.conrelid', 'f.conkey')}, false
  FROM pg_constraint f
  JOIN pg_class c ON c.oid = f.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE f.contype = 'f' AND f.conparentid = 0 AND ${USER_SCHEMA}
    AND NOT EXISTS (
      SELECT FROM pg_index i
      WHERE i.indrelid = f.conrelid AND i.indpred IS NULL AND i.indisvalid
        AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)`;

/** How much of a sequence is left, where the role may look. An owned one is named by its table. */
const SEQUENCE = `
  SELECT 'sequence near its end', n.nspname, c.relname, NULL::float8,
    concat(round(100 * used.share), ' %'),
    c.oid = ANY (${VISIBLE}) OR EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = d.classid AND d.deptype IN ('a', 'i') AND d.refobjid = ANY (${VISIBLE})
        AND ${isReadable('d.refobjid', 'd.refobjsubid')}),
    NOT has_sequence_privilege(c.oid, 'SELECT, USAGE')
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_sequences v ON v.schemaname = n.nspname AND v.sequencename = c.relname
  CROSS JOIN LATERAL (
    SELECT CASE WHEN s.seqincrement > 0
      THEN (v.last_value::numeric - s.seqmin) / NULLIF(s.seqmax::numeric - s.seqmin, 0)
      ELSE (s.seqmax::numeric - v.last_value) / NULLIF(s.seqmax::numeric - s.seqmin, 0)
    END AS share) used
  WHERE NOT s.seqcycle AND ${USER_SCHEMA}
    AND (used.share > 0.8 OR NOT has_sequence_privilege(c.oid, 'SELECT, USAGE'))`;

/**
 * What is wrong with the tables, indexes and sequences of a database. All are counted; only what the
 * caller sees is named.
 */
export const countFindings: Question<Counted> = {
  name: 'count findings',
  text: () => `
  WITH index AS MATERIALIZED (${INDEX}), counted AS MATERIALIZED (${TABLE}),
  found(finding, schema, name, bytes, detail, shown, unknown) AS (
    SELECT 'invalid index', nspname, index_name, bytes, NULL, shown, false
      FROM index WHERE NOT indisvalid
    UNION ALL ${DUPLICATE}
    UNION ALL
    SELECT 'unused index', nspname, index_name, bytes, table_name, shown, false
      FROM index WHERE scans = 0 AND indisvalid
        AND NOT indisunique AND NOT indisprimary AND NOT indisexclusion
    UNION ALL
    SELECT 'dead rows', nspname, relname, bytes, NULL, shown, false
      FROM counted WHERE n_dead_tup > 1000 AND n_dead_tup > 0.2 * n_live_tup
    UNION ALL
    SELECT 'never analyzed', nspname, relname, bytes, NULL, shown, false
      FROM counted WHERE unanalyzed AND (reltuples < 0 OR relpages > 0) AND n_live_tup > 0
    UNION ALL
    SELECT 'read whole', nspname, relname, bytes,
        CASE WHEN bytes IS NOT NULL
          THEN concat(seq_scan, ' scans, ', seq_tup_read / seq_scan, ' rows each') END, shown, false
      FROM counted WHERE seq_scan > 100 AND seq_scan > 2 * COALESCE(idx_scan, 0)
        AND seq_tup_read / seq_scan > 10000
    UNION ALL ${FOREIGN_KEY}
    UNION ALL ${SEQUENCE}
  ), ranked AS (
    SELECT *, row_number() OVER (
      PARTITION BY finding, shown AND NOT unknown
      ORDER BY bytes DESC NULLS LAST, schema COLLATE "C", name COLLATE "C", detail COLLATE "C") AS place
    FROM found)
  SELECT finding,
    count(*) FILTER (WHERE NOT unknown) AS count,
    count(*) FILTER (WHERE unknown) AS unknown,
    COALESCE(json_agg(json_build_object(
        'schema', schema, 'name', name, 'bytes', bytes, 'detail', detail) ORDER BY place)
      FILTER (WHERE shown AND NOT unknown AND place <= ${String(NAMED_MAX)}), '[]') AS named
  FROM ranked GROUP BY finding`,
  row: ROW,
};
