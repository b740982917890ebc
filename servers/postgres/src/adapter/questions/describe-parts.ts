/**
 * The lists of a description, for the relation `c`. Each row is one entry and its place; what names
 * something hidden is left out, or leaves its text out.
 */
import {
  areReadable,
  columnNames,
  isReadable,
  isShownText,
  NAMEABLE,
  shortened,
  shownType,
  TEXT_CHARACTERS,
  VISIBLE,
} from './shown.ts';

const text = (expression: string): string => shortened(expression, TEXT_CHARACTERS);

/** A default depends on its own column, so that of a masked one is not shown: most rows may hold it. */
export const COLUMNS = `
  SELECT json_build_object(
      'name', a.attname,
      'type', ${shownType('a.atttypid', 'a.atttypmod')},
      'nullable', NOT a.attnotnull,
      'default', CASE WHEN ${isShownText('pg_attrdef', 'ad.oid')}
        THEN ${text('pg_get_expr(ad.adbin, ad.adrelid)')} END,
      'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
      'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
      'comment', ${text('col_description(c.oid, a.attnum)')}),
    a.attnum
  FROM pg_attribute a
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND ${isReadable('c.oid', 'a.attnum')}`;

const ACTION = (column: string): string => `CASE ${column} WHEN 'a' THEN 'no action'
  WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null'
  WHEN 'd' THEN 'set default' END`;

/**
 * A foreign key is shown when both of its ends are. PostgreSQL keeps further rows of it for each
 * partition, which say nothing more.
 */
export const CONSTRAINTS = {
  own: `
  SELECT json_build_object(
      'name', k.conname,
      'kind', CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique'
        WHEN 'x' THEN 'exclusion' WHEN 'c' THEN 'check' ELSE 'foreign key' END,
      'columns', ${columnNames('k.conrelid', 'k.conkey')},
      'expression', CASE WHEN k.contype = 'c' AND ${isShownText('pg_constraint', 'k.oid')}
        THEN ${text('pg_get_expr(k.conbin, k.conrelid)')} END,
      'references', CASE WHEN k.contype = 'f' THEN json_build_object(
        'schema', fn.nspname, 'name', fc.relname,
        'columns', ${columnNames('k.confrelid', 'k.confkey')}) END,
      'on_update', ${ACTION('k.confupdtype')},
      'on_delete', ${ACTION('k.confdeltype')},
      'validated', k.convalidated),
    concat(strpos('puxcf', k.contype::text), k.conname)
  FROM pg_constraint k
  LEFT JOIN pg_class fc ON fc.oid = k.confrelid
  LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
  WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f')
    AND ${areReadable('k.conrelid', 'k.conkey')}
    AND (k.contype <> 'f' OR k.confrelid = ANY (${VISIBLE})
      AND ${areReadable('k.confrelid', 'k.confkey')}
      AND NOT EXISTS (
        SELECT FROM pg_constraint kp
        WHERE kp.oid = k.conparentid AND kp.conrelid = k.conrelid))`,

  referencing: `
  SELECT json_build_object(
      'schema', kn.nspname, 'name', kc.relname, 'constraint', k.conname,
      'from', ${columnNames('k.conrelid', 'k.conkey')},
      'to', ${columnNames('k.confrelid', 'k.confkey')}),
    concat(kn.nspname, '.', kc.relname, '.', k.conname)
  FROM pg_constraint k
  JOIN pg_class kc ON kc.oid = k.conrelid
  JOIN pg_namespace kn ON kn.oid = kc.relnamespace
  WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
    AND k.conrelid = ANY (${VISIBLE})
    AND ${areReadable('k.conrelid', 'k.conkey')}
    AND ${areReadable('k.confrelid', 'k.confkey')}`,
} as const;

/** An index on a column that the role may not read would name it. */
export const INDEXES = `
  SELECT json_build_object(
      'name', ic.relname,
      'method', am.amname,
      'keys', (
        SELECT json_agg(CASE WHEN k.number > 0 OR shown.text
          THEN ${text('pg_get_indexdef(ic.oid, k.place::int4, true)')} END ORDER BY k.place)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
        WHERE k.place <= i.indnkeyatts),
      'unique', i.indisunique, 'primary', i.indisprimary, 'valid', i.indisvalid,
      'predicate', CASE WHEN shown.text THEN ${text('pg_get_expr(i.indpred, i.indrelid)')} END,
      'partial', i.indpred IS NOT NULL,
      'bytes', CASE WHEN NOT row_security_active(c.oid)
        THEN pg_relation_size(ic.oid) END,
      'scans', s.idx_scan),
    ic.relname
  FROM pg_index i
  JOIN pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_am am ON am.oid = ic.relam
  LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = ic.oid
  CROSS JOIN LATERAL (SELECT ${isShownText('pg_class', 'ic.oid')} AS text) shown
  WHERE i.indrelid = c.oid AND ${areReadable('i.indrelid', 'i.indkey::int2[]')}`;

/** Roles are not named: whether a policy is for the one that asks is what counts. */
export const POLICIES = `
  SELECT json_build_object(
      'name', p.polname,
      'command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert'
        WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
      'permissive', p.polpermissive,
      'applies', EXISTS (
        SELECT FROM unnest(p.polroles) AS r(oid)
        WHERE r.oid = 0 OR pg_has_role(r.oid, 'USAGE')),
      'using', CASE WHEN shown.text THEN ${text('pg_get_expr(p.polqual, p.polrelid)')} END,
      'check', CASE WHEN shown.text THEN ${text('pg_get_expr(p.polwithcheck, p.polrelid)')} END),
    p.polname
  FROM pg_policy p
  CROSS JOIN LATERAL (SELECT ${isShownText('pg_policy', 'p.oid')} AS text) shown
  WHERE p.polrelid = c.oid`;

/** Bits of `tgtype`, as `pg_trigger.h` has them. */
export const TRIGGERS = `
  SELECT json_build_object(
      'name', t.tgname,
      'timing', CASE WHEN t.tgtype & 2 <> 0 THEN 'before' WHEN t.tgtype & 64 <> 0
        THEN 'instead of' ELSE 'after' END,
      'events', array_remove(ARRAY[
        CASE WHEN t.tgtype & 4 <> 0 THEN 'insert' END,
        CASE WHEN t.tgtype & 8 <> 0 THEN 'delete' END,
        CASE WHEN t.tgtype & 16 <> 0 THEN 'update' END,
        CASE WHEN t.tgtype & 32 <> 0 THEN 'truncate' END], NULL),
      'enabled', t.tgenabled <> 'D',
      'function', CASE WHEN fn.nspname = ANY (${NAMEABLE})
        THEN json_build_object('schema', fn.nspname, 'name', f.proname) END),
    t.tgname
  FROM pg_trigger t
  JOIN pg_proc f ON f.oid = t.tgfoid
  JOIN pg_namespace fn ON fn.oid = f.pronamespace
  WHERE t.tgrelid = c.oid AND NOT t.tgisinternal`;
