/**
 * Types of `pg_catalog` that a statement may name, by what they hold.
 *
 * Missing on purpose: `regclass` and its kin look names up in the catalog, `xml` hands a caller's text
 * to an XML parser, `refcursor`, `cstring` and pseudo-types have no place in a query.
 */
export const TYPES: ReadonlySet<string> = new Set(
  `bool
   int2 int4 int8 float4 float8 numeric money
   text varchar bpchar char name bytea bit varbit
   date time timetz timestamp timestamptz interval
   uuid json jsonb jsonpath
   inet cidr macaddr macaddr8
   point line lseg box path polygon circle
   tsvector tsquery
   int4range int8range numrange tsrange tstzrange daterange
   int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange
   oid`.split(/\s+/),
);

/** Types that fill a value up to the length that stands behind their name. */
export const PADDED_TYPES: ReadonlySet<string> = new Set(['bpchar', 'bit']);

/** How `TABLESAMPLE` may choose: the two methods of `pg_catalog`. */
export const SAMPLE_METHODS: ReadonlySet<string> = new Set(['bernoulli', 'system']);
