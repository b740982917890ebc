/**
 * Parts of questions that decide what may be shown to a caller.
 *
 * A catalog names relations in many places beside their own rows: in the text of a default, a policy or
 * a view, at the other end of a foreign key, as the type of a column. Each of these parts asks the
 * database itself what such a text depends on (`pg_depend`), and shows it only when all of that is
 * visible. Searching the text for names would miss the ones that it spells otherwise.
 *
 * Every question that uses them binds the same first parameters. Names of functions and catalogs stand
 * for themselves here: a session's search path begins with `pg_catalog`, and nothing else is on it.
 */
import type { Cell } from '../database.ts';

/** What exists for a caller, in the form in which questions bind it. */
export interface Shown {
  /** Visible relations. */
  readonly relations: readonly number[];
  /** Schemas that exist for the caller. */
  readonly schemas: readonly string[];
  /** Masked columns: each relation's oid and the column's name, side by side. */
  readonly masks: readonly { readonly relation: number; readonly column: string }[];
}

/** `$1` visible relations, `$2` schemas, `$3` and `$4` masked columns. */
export function bindShown({ relations, schemas, masks }: Shown): readonly (readonly Cell[])[] {
  return [
    relations,
    schemas,
    masks.map(({ relation }) => relation),
    masks.map(({ column }) => column),
  ];
}

export const VISIBLE = '$1::oid[]';
export const SCHEMAS = '$2::text[]';
/** Schemas whose names say nothing that is hidden. */
export const NAMEABLE = `array_prepend('pg_catalog'::text, ${SCHEMAS})`;

/** True for a masked column. Not one of its values may be guessed from a default or a bound. */
export function isMasked(relation: string, column: string): string {
  return `(${relation}, ${column}) IN (
    SELECT ma.attrelid, ma.attnum FROM unnest($3::oid[], $4::text[]) AS m(relation, name)
    JOIN pg_attribute ma ON ma.attrelid = m.relation AND ma.attname = m.name)`;
}

/** True for a column that the role may read. */
export function isReadable(relation: string, column: string): string {
  return `COALESCE(
    has_column_privilege(${relation}, ${column}::int2, 'SELECT'), false)`;
}

/** True when all columns of a key may be read; 0 stands for an expression. */
export function areReadable(relation: string, columns: string): string {
  return `NOT EXISTS (
    SELECT FROM unnest(${columns}) AS rk(number)
    WHERE rk.number > 0 AND NOT ${isReadable(relation, 'rk.number')})`;
}

/** True when no column of a key is masked. */
export function areOpen(relation: string, columns: string): string {
  return `NOT EXISTS (
    SELECT FROM unnest(${columns}) AS ok(number)
    WHERE ok.number > 0 AND ${isMasked(relation, 'ok.number')})`;
}

/** Names of columns, in the order of a key. */
export function columnNames(relation: string, columns: string): string {
  return `(SELECT array_agg(na.attname ORDER BY nk.place)
    FROM unnest(${columns}) WITH ORDINALITY AS nk(number, place)
    JOIN pg_attribute na ON na.attrelid = ${relation} AND na.attnum = nk.number)`;
}

/** True for what an extension brought: its names are public. */
function isOfExtension(classId: string, object: string): string {
  return `EXISTS (
    SELECT FROM pg_depend xd
    WHERE xd.classid = ${classId} AND xd.objid = ${object} AND xd.deptype = 'e')`;
}

/** True when a type's name says nothing of what is hidden: a relation is a type as well. */
export function isShownType(type: string): string {
  return `EXISTS (
    SELECT FROM pg_type ty
    JOIN pg_namespace tn ON tn.oid = ty.typnamespace
    LEFT JOIN pg_type te ON te.oid = ty.typelem AND ty.typcategory = 'A'
    LEFT JOIN pg_class tr
      ON tr.oid = COALESCE(NULLIF(te.typrelid, 0), NULLIF(ty.typrelid, 0)) AND tr.relkind <> 'c'
    WHERE ty.oid = ${type}
      AND (tr.oid IS NULL OR tr.oid = ANY (${VISIBLE}))
      AND (tn.nspname = ANY (${NAMEABLE})
        OR ${isOfExtension("'pg_type'::regclass", 'COALESCE(te.oid, ty.oid)')}))`;
}

/** A text that somebody else wrote, up to a number of characters. A cut is said where it is. */
export function shortened(text: string, characters: number): string {
  return `CASE WHEN length(${text}) > ${String(characters)}
    THEN concat(left(${text}, ${String(characters)}), ' … (cut)') ELSE ${text} END`;
}

/** Characters of a comment or an expression in a description. */
export const TEXT_CHARACTERS = 4096;

/** A type as it is written, or a word for one whose name is not shown. */
export function shownType(type: string, modifier: string, isShown = isShownType(type)): string {
  return `CASE WHEN ${isShown} THEN format_type(${type}, ${modifier}) ELSE 'user-defined' END`;
}

/** The types of all columns of a `page` of relations: thousands of columns have a few types. */
export const PAGE_TYPES = `page_type(oid) AS MATERIALIZED (
  SELECT u.oid
  FROM (
    SELECT DISTINCT a.atttypid FROM pg_attribute a WHERE a.attrelid IN (SELECT page.oid FROM page)
  ) u(oid)
  WHERE ${isShownType('u.oid')})`;

/** The same as {@link shownType}, with {@link PAGE_TYPES}. */
export function shownPageType(type: string, modifier: string): string {
  return shownType(type, modifier, `${type} IN (SELECT page_type.oid FROM page_type)`);
}

/**
 * The parts of a relation whose text names something that is not shown: a hidden relation, a column
 * that is masked or cannot be read, a function or a type of a hidden schema. As a common table
 * expression, so that it is worked out once; what belongs to PostgreSQL itself leaves no row in
 * `pg_depend`.
 */
export function closedTexts(relation: string): string {
  const is = (name: string): string => `d.refclassid = '${name}'::regclass`;
  return `part(catalog, oid) AS (
    ${PARTS.map(([catalog, part, of]) => partsOf(catalog, part, of, relation)).join(' UNION ALL ')}
  ), closed(catalog, oid) AS MATERIALIZED (
    SELECT DISTINCT d.classid, d.objid
    FROM part JOIN pg_depend d ON d.classid = part.catalog AND d.objid = part.oid
    WHERE NOT CASE
      WHEN ${is('pg_class')} THEN
        (d.refobjid = ANY (${VISIBLE}) OR ${isOwnedSequence('d.refobjid')})
        AND (d.refobjsubid = 0 OR ${isReadable('d.refobjid', 'd.refobjsubid')}
          AND NOT ${isMasked('d.refobjid', 'd.refobjsubid')})
      WHEN ${is('pg_type')} THEN ${isShownType('d.refobjid')}
      WHEN ${is('pg_namespace')} THEN true
      ELSE ${isOfExtension('d.refclassid', 'd.refobjid')}
        OR COALESCE(
          (pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).schema,
          'pg_catalog') = ANY (${NAMEABLE})
      END)`;
}

/** Where a relation keeps texts, and by which column. */
const PARTS = [
  ['pg_attrdef', 'oid', 'adrelid'],
  ['pg_constraint', 'oid', 'conrelid'],
  ['pg_policy', 'oid', 'polrelid'],
  ['pg_rewrite', 'oid', 'ev_class'],
  ['pg_index', 'indexrelid', 'indrelid'],
  ['pg_class', 'oid', 'oid'],
] as const;

function partsOf(catalog: string, part: string, of: string, relation: string): string {
  // An index is a relation of its own, and depends on things as one.
  const known = catalog === 'pg_index' ? 'pg_class' : catalog;
  return `SELECT '${known}'::regclass::oid, ${part}
    FROM ${catalog} WHERE ${of} = ${relation}`;
}

/** True for a part of the relation that {@link closedTexts} was made for, when its text may be shown. */
export function isShownText(catalog: string, object: string): string {
  return `NOT EXISTS (
    SELECT FROM closed
    WHERE closed.catalog = '${catalog}'::regclass AND closed.oid = ${object})`;
}

/** True for a sequence that belongs to a column that is shown: defaults name it, and its own grant is often left out. */
function isOwnedSequence(sequence: string): string {
  return `EXISTS (
    SELECT FROM pg_depend sd
    WHERE sd.classid = 'pg_class'::regclass AND sd.objid = ${sequence}
      AND sd.refclassid = 'pg_class'::regclass
      AND sd.deptype IN ('a', 'i') AND sd.refobjid = ANY (${VISIBLE})
      AND ${isReadable('sd.refobjid', 'sd.refobjsubid')}
      AND EXISTS (
        SELECT FROM pg_class sc WHERE sc.oid = ${sequence} AND sc.relkind = 'S'))`;
}

/** The kind of a relation, in the words of the guard's catalog. */
export const KIND = `CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
  WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
  WHEN 'S' THEN 'sequence' END`;

/** All relations whose rows a relation shows: itself, its partitions and theirs. No lock is taken. */
export const FAMILY = `WITH RECURSIVE family(oid) AS (
    SELECT c.oid
    UNION
    SELECT fi.inhrelid FROM pg_inherits fi JOIN family ON fi.inhparent = family.oid)
  SELECT fc.oid, fc.reltuples, fc.relpages, fc.relkind, fc.relispartition
  FROM family JOIN pg_class fc ON fc.oid = family.oid`;
