import * as z from 'zod';

import {
  type Catalog,
  type CatalogFunction,
  refuse,
  type Relation,
  type RelationKind,
  TRANSPARENT,
} from '../../guard/index.ts';
import { LIMITS, type QualifiedName } from '../../policy.ts';
import type { Question } from '../questions/question.ts';
import type { Value } from '../session/connection.ts';

/** What of a database is looked at. */
export interface CatalogScope {
  readonly schemas: readonly string[];
  /** When given, only these relations, besides those that masks are about. */
  readonly only?: readonly QualifiedName[] | undefined;
  readonly extensions: readonly string[];
  /** Functions that the operator vouches for. */
  readonly functions: readonly QualifiedName[];
  /** Relations with masked columns: for these and their kin columns are listed. */
  readonly masked: readonly QualifiedName[];
}

/** A catalog is larger than an answer: some hundred bytes for each relation. */
export const CATALOG_BYTES_MAX = 33_554_432;

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  S: 'sequence',
};

const oid = z.int().positive();
const relation = z.tuple([
  oid,
  z.string(),
  z.string(),
  z.enum(['r', 'p', 'v', 'm', 'f', 'S']),
  z.boolean(),
  z.array(oid),
  z.array(oid),
  z.array(z.tuple([z.string(), z.string(), z.boolean()])),
  z.boolean(),
  z.array(z.tuple([z.string(), z.array(z.string())])),
]);
const callable = z.tuple([z.string(), z.string(), z.string().nullable(), z.boolean(), z.boolean()]);
const snapshot = z.object({
  snapshot: z.object({
    relations: z.array(relation),
    functions: z.array(callable),
    types: z.array(z.tuple([z.string(), z.string(), z.string().nullable()])),
    attributes: z.array(z.string()),
    extensionSchemas: z.array(z.string()),
  }),
});
type Snapshot = z.infer<typeof snapshot>;

/**
 * All that the guard has to know, in one statement and so at one moment. Privileges are those of the
 * role that asks.
 *
 * - `links` follow inheritance and partitioning in both directions, because rows of a masked table are
 *   read through its parents and its children, too; and views to what they read, by the rule that makes
 *   them views. All that links lead to is listed, in whatever schema it lies.
 * - PostgreSQL does not record what a function reads, so a view that calls somebody's, by name or by operator, is `opaque`.
 * - Nor does it record that anything needs what every database has (oids below 16384): that is read from the tree of the
 *   view itself. A relation found there is a source; a function that is not known to compute from its arguments alone,
 *   and a value that is written as a name of the catalog, make the view `opaque`.
 * - Functions come with every overload under the same name: one that somebody added beside an
 *   extension's would be called in its place.
 */
const TEXT = `
WITH RECURSIVE
  rows_of AS (SELECT oid, relname, relnamespace, relkind FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
  members AS (
    SELECT d.classid, d.objid AS oid, e.extname, e.extname = ANY ($2::text[]) AS allowed
    FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE d.classid IN ('pg_proc'::regclass, 'pg_type'::regclass) AND d.deptype = 'e'
  ),
  kin AS (
    SELECT i.inhrelid AS one, i.inhparent AS other FROM pg_inherits i JOIN rows_of ON rows_of.oid = i.inhrelid
    UNION SELECT i.inhparent, i.inhrelid FROM pg_inherits i JOIN rows_of ON rows_of.oid = i.inhrelid
  ),
  needs AS (
    SELECT r.ev_class AS one, d.refclassid, d.refobjid AS other
    FROM pg_rewrite r JOIN rows_of v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid <> r.ev_class
  ),
  sources AS (
    SELECT DISTINCT needs.one, needs.other FROM needs JOIN rows_of ON rows_of.oid = needs.other
    WHERE needs.refclassid = 'pg_class'::regclass
  ),
  called AS (
    SELECT needs.one FROM needs
    LEFT JOIN pg_operator o ON needs.refclassid = 'pg_operator'::regclass AND o.oid = needs.other
    JOIN pg_proc p ON p.oid = coalesce(o.oprcode, needs.other)
    WHERE needs.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
      AND (p.pronamespace <> 'pg_catalog'::regnamespace OR p.oid >= 16384)
      AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_proc'::regclass AND m.oid = p.oid AND m.allowed)
  ),
  masked AS (
    SELECT r.oid FROM unnest($5::text[], $6::text[]) AS named(schema, name)
    JOIN pg_namespace n ON n.nspname = named.schema
    JOIN rows_of r ON r.relnamespace = n.oid AND r.relname = named.name
  ),
  kindred AS (
    SELECT oid FROM masked
    UNION SELECT kin.other FROM kindred JOIN kin ON kin.one = kindred.oid
  ),
  generated AS (
    SELECT g.adrelid, json_build_array(a.attname, json_agg(DISTINCT b.attname)) AS entry
    FROM kindred JOIN pg_attrdef g ON g.adrelid = kindred.oid
    JOIN pg_attribute a ON a.attrelid = g.adrelid AND a.attnum = g.adnum AND a.attgenerated <> ''
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.adrelid
      AND ((d.classid = 'pg_attrdef'::regclass AND d.objid = g.oid)
        OR (d.classid = 'pg_class'::regclass AND d.objid = g.adrelid AND d.objsubid = g.adnum))
    JOIN pg_attribute b ON b.attrelid = g.adrelid AND b.attnum = d.refobjsubid
    WHERE d.refobjsubid NOT IN (0, g.adnum)
    GROUP BY g.adrelid, a.attname
  ),
  reached AS (
    SELECT r.oid FROM rows_of r JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE n.nspname = ANY ($1::text[])
      AND ($8::text[] IS NULL OR (n.nspname, r.relname) IN (SELECT * FROM unnest($8::text[], $9::text[])))
    UNION SELECT oid FROM masked
    UNION SELECT links.other FROM reached
      JOIN (SELECT one, other FROM kin UNION ALL SELECT one, other FROM sources) links ON links.one = reached.oid
  ),
  listed AS (
    SELECT r.oid, n.oid AS schema_oid, n.nspname, r.relname, r.relkind
    FROM reached JOIN rows_of r ON r.oid = reached.oid JOIN pg_namespace n ON n.oid = r.relnamespace
    ORDER BY n.nspname, r.relname LIMIT $7::int4
  ),
  -- Types whose input looks names up in the catalog, and all that are made of them.
  lookups AS (
    SELECT oid FROM pg_type WHERE typname ~ '^reg' AND typnamespace = 'pg_catalog'::regnamespace
    UNION SELECT made.oid FROM lookups JOIN (
      SELECT oid, typbasetype AS part FROM pg_type WHERE typbasetype <> 0
      UNION ALL SELECT oid, typelem FROM pg_type WHERE typelem <> 0
      UNION ALL SELECT c.reltype, a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.attnum > 0 AND NOT a.attisdropped AND c.reltype <> 0
    ) made ON made.part = lookups.oid
  ),
  looking AS (
    SELECT attrelid, attnum FROM pg_attribute
    WHERE attnum > 0 AND NOT attisdropped AND atttypid IN (SELECT oid FROM lookups)
  ),
  written AS (
    SELECT l.oid AS one, part[1] AS what, part[2]::oid AS other
    FROM listed l JOIN pg_rewrite r ON r.ev_class = l.oid
    CROSS JOIN regexp_matches(r.ev_action::text, ':(relid|funcid|aggfnoid|winfnoid|resulttype|vartype) ([1-9][0-9]{0,4})(?![0-9])', 'g') part
    WHERE l.relkind IN ('v', 'm') AND l.nspname NOT IN ('pg_catalog', 'information_schema') AND part[2]::int4 < 16384
  ),
  opaque AS (
    SELECT one FROM called
    UNION SELECT one FROM written WHERE what IN ('funcid', 'aggfnoid', 'winfnoid') AND other NOT IN (
      SELECT oid FROM pg_proc WHERE proname = ANY ($10::text[])
      UNION ALL SELECT castfunc FROM pg_cast WHERE castfunc <> 'regclass(text)'::regprocedure
      UNION ALL SELECT oprcode FROM pg_operator)
    UNION SELECT one FROM written WHERE what IN ('resulttype', 'vartype')
      AND other IN (SELECT oid FROM lookups)
  ),
  read AS (
    SELECT one, other FROM sources
    UNION SELECT one, other FROM written WHERE what = 'relid'
  ),
  relations AS (
    SELECT l.nspname, l.relname, json_build_array(
      l.oid::int8, l.nspname, l.relname, l.relkind,
      has_schema_privilege(l.schema_oid, 'USAGE') AND has_any_column_privilege(l.oid, 'SELECT'),
      coalesce(s.others, '{}'), coalesce(k.others, '{}'),
      CASE WHEN l.oid IN (SELECT oid FROM kindred UNION ALL SELECT attrelid FROM looking) THEN coalesce((
        SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
          (l.oid, a.attnum) IN (SELECT attrelid, attnum FROM looking)) ORDER BY a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND has_column_privilege(l.oid, a.attnum, 'SELECT')
      ), '[]') ELSE '[]' END,
      l.oid IN (SELECT one FROM opaque),
      coalesce((SELECT json_agg(entry) FROM generated WHERE adrelid = l.oid), '[]')
    ) AS entry
    FROM listed l
    LEFT JOIN (SELECT one, array_agg(other::int8) AS others FROM read GROUP BY one) s ON s.one = l.oid
    LEFT JOIN (SELECT one, array_agg(other::int8) AS others FROM kin GROUP BY one) k ON k.one = l.oid
  ),
  names AS (
    SELECT p.pronamespace, p.proname FROM members m JOIN pg_proc p ON p.oid = m.oid
    WHERE m.classid = 'pg_proc'::regclass AND m.allowed
    UNION SELECT n.oid, named.name::name FROM unnest($3::text[], $4::text[]) AS named(schema, name)
    JOIN pg_namespace n ON n.nspname = named.schema
  ),
  functions AS (
    SELECT json_build_array(
      n.nspname, p.proname, m.extname, p.prosecdef,
      l.lanpltrusted OR (l.lanname = 'internal' AND n.nspname = 'pg_catalog')
        OR (l.lanname IN ('c', 'internal') AND coalesce(m.allowed, false))
    ) AS entry
    FROM names JOIN pg_proc p ON p.pronamespace = names.pronamespace AND p.proname = names.proname
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    LEFT JOIN members m ON m.classid = 'pg_proc'::regclass AND m.oid = p.oid
    WHERE p.prokind <> 'p'
  ),
  types AS (
    SELECT json_build_array(n.nspname, t.typname, m.extname) AS entry
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN members m ON m.classid = 'pg_type'::regclass AND m.oid = t.oid
    WHERE (t.typtype = 'b' AND t.typcategory <> 'A' AND m.allowed)
      OR (t.typtype = 'e' AND m.oid IS NULL AND n.nspname = ANY ($1::text[]))
  ),
  paths AS (
    SELECT DISTINCT n.oid, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = ANY ($2::text[]) AND n.nspname <> 'pg_catalog'
  ),
  attributes AS (
    SELECT DISTINCT p.proname FROM pg_proc p
    WHERE p.pronamespace IN (SELECT oid FROM paths UNION ALL SELECT 'pg_catalog'::regnamespace)
      AND p.prokind <> 'p' AND p.pronargs > 0
      AND (p.pronargs - p.pronargdefaults <= 1 OR (p.provariadic <> 0 AND p.pronargs <= 2))
  )
SELECT json_build_object(
  'relations', coalesce((SELECT json_agg(entry ORDER BY nspname, relname) FROM relations), '[]'),
  'functions', coalesce((SELECT json_agg(entry) FROM functions), '[]'),
  'types', coalesce((SELECT json_agg(entry) FROM types), '[]'),
  'attributes', coalesce((SELECT json_agg(proname) FROM attributes), '[]'),
  'extensionSchemas', coalesce((SELECT json_agg(nspname ORDER BY nspname) FROM paths), '[]')
) AS snapshot`;

export const CATALOG: Question<Snapshot> = { name: 'catalog', text: () => TEXT, row: snapshot };

export function catalogParameters(scope: CatalogScope): readonly Value[] {
  const { schemas, only, extensions, functions, masked } = scope;
  return [
    schemas,
    extensions,
    functions.map(({ schema }) => schema),
    functions.map(({ name }) => name),
    masked.map(({ schema }) => schema),
    masked.map(({ name }) => name),
    LIMITS.relationsMax + 1,
    only?.map(({ schema }) => schema) ?? null,
    only?.map(({ name }) => name) ?? null,
    TRANSPARENT,
  ];
}

export function toCatalog({ snapshot: found }: Snapshot): Catalog {
  if (found.relations.length > LIMITS.relationsMax) {
    refuse('database.too_much', {
      hint: 'The schemas hold more relations than can be shown: the operator has to list those that are needed.',
    });
  }
  return {
    relations: found.relations.map(toRelation),
    functions: found.functions.map(toFunction),
    types: found.types.map(([schema, name, extension]) => ({
      schema,
      name,
      extension: extension ?? undefined,
    })),
    attributes: found.attributes,
    extensionSchemas: found.extensionSchemas,
  };
}

type RelationRow = Snapshot['snapshot']['relations'][number];

function toRelation([
  oid_,
  schema,
  name,
  kind,
  readable,
  sources,
  kin,
  columns,
  opaque,
  computed,
]: RelationRow): Relation {
  return {
    oid: oid_,
    schema,
    name,
    kind: KINDS[kind] ?? 'table',
    readable,
    sources,
    kin,
    columns: columns.map(([column, type, looksUp]) => ({
      name: column,
      type,
      ...(looksUp && { looksUp }),
    })),
    ...(opaque && { opaque }),
    ...(computed.length > 0 && {
      computed: computed.map(([column, from]) => ({ name: column, from })),
    }),
  };
}

function toFunction(row: Snapshot['snapshot']['functions'][number]): CatalogFunction {
  const [schema, name, extension, isSecurityDefiner, isTrusted] = row;
  return { schema, name, extension: extension ?? undefined, isSecurityDefiner, isTrusted };
}
