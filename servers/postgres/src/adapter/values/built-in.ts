/**
 * The types that PostgreSQL itself brings. Their numbers are the same in every version, so a common
 * answer needs no second round trip to name them. Each with its own number and that of its array.
 */
const BUILT_IN: readonly (readonly [oid: number, name: string, array: number])[] = [
  [16, 'boolean', 1000],
  [17, 'bytea', 1001],
  [18, '"char"', 1002],
  [19, 'name', 1003],
  [20, 'bigint', 1016],
  [21, 'smallint', 1005],
  [22, 'int2vector', 1006],
  [23, 'integer', 1007],
  [24, 'regproc', 1008],
  [25, 'text', 1009],
  [26, 'oid', 1028],
  [27, 'tid', 1010],
  [28, 'xid', 1011],
  [29, 'cid', 1012],
  [30, 'oidvector', 1013],
  [114, 'json', 199],
  [142, 'xml', 143],
  [194, 'pg_node_tree', 0],
  [600, 'point', 1017],
  [601, 'lseg', 1018],
  [602, 'path', 1019],
  [603, 'box', 1020],
  [604, 'polygon', 1027],
  [628, 'line', 629],
  [650, 'cidr', 651],
  [700, 'real', 1021],
  [701, 'double precision', 1022],
  [705, 'unknown', 0],
  [718, 'circle', 719],
  [774, 'macaddr8', 775],
  [790, 'money', 791],
  [829, 'macaddr', 1040],
  [869, 'inet', 1041],
  [1033, 'aclitem', 1034],
  [1042, 'bpchar', 1014],
  [1043, 'character varying', 1015],
  [1082, 'date', 1182],
  [1083, 'time without time zone', 1183],
  [1114, 'timestamp without time zone', 1115],
  [1184, 'timestamp with time zone', 1185],
  [1186, 'interval', 1187],
  [1266, 'time with time zone', 1270],
  [1560, '"bit"', 1561],
  [1562, 'bit varying', 1563],
  [1700, 'numeric', 1231],
  [1790, 'refcursor', 2201],
  [2202, 'regprocedure', 2207],
  [2203, 'regoper', 2208],
  [2204, 'regoperator', 2209],
  [2205, 'regclass', 2210],
  [2206, 'regtype', 2211],
  [2249, 'record', 2287],
  [2275, 'cstring', 1263],
  [2278, 'void', 0],
  [2950, 'uuid', 2951],
  [2970, 'txid_snapshot', 2949],
  [3220, 'pg_lsn', 3221],
  [3361, 'pg_ndistinct', 0],
  [3402, 'pg_dependencies', 0],
  [3614, 'tsvector', 3643],
  [3615, 'tsquery', 3645],
  [3642, 'gtsvector', 3644],
  [3734, 'regconfig', 3735],
  [3769, 'regdictionary', 3770],
  [3802, 'jsonb', 3807],
  [3904, 'int4range', 3905],
  [3906, 'numrange', 3907],
  [3908, 'tsrange', 3909],
  [3910, 'tstzrange', 3911],
  [3912, 'daterange', 3913],
  [3926, 'int8range', 3927],
  [4072, 'jsonpath', 4073],
  [4089, 'regnamespace', 4090],
  [4096, 'regrole', 4097],
  [4191, 'regcollation', 4192],
  [4451, 'int4multirange', 6150],
  [4532, 'nummultirange', 6151],
  [4533, 'tsmultirange', 6152],
  [4534, 'tstzmultirange', 6153],
  [4535, 'datemultirange', 6155],
  [4536, 'int8multirange', 6157],
  [5017, 'pg_mcv_list', 0],
  [5038, 'pg_snapshot', 5039],
  [5069, 'xid8', 271],
];

const NAMES = new Map(
  BUILT_IN.flatMap(([oid, name, array]) =>
    array === 0 ? [[oid, name] as const] : [[oid, name] as const, [array, `${name}[]`] as const],
  ),
);

const INT2 = 21;
const INT4 = 23;
const FLOAT4 = 700;
const FLOAT8 = 701;

/** Types whose every finite value JavaScript holds exactly. */
export const NUMBERS: ReadonlySet<number> = new Set([INT2, INT4, FLOAT4, FLOAT8]);
export const BOOLEAN = 16;
export const BYTEA = 17;
export const JSON_TYPES: ReadonlySet<number> = new Set([114, 3802]);

/** Spellings with a modifier, by the name without one. */
const MODIFIED: Readonly<Record<string, (modifier: number) => string>> = {
  bpchar: (modifier) => `character(${String(modifier - 4)})`,
  'character varying': (modifier) => `character varying(${String(modifier - 4)})`,
  '"bit"': (modifier) => `bit(${String(modifier)})`,
  'bit varying': (modifier) => `bit varying(${String(modifier)})`,
  numeric: (modifier) => `numeric(${precisionOf(modifier - 4)})`,
  'time without time zone': (modifier) => `time(${String(modifier)}) without time zone`,
  'time with time zone': (modifier) => `time(${String(modifier)}) with time zone`,
  'timestamp without time zone': (modifier) => `timestamp(${String(modifier)}) without time zone`,
  'timestamp with time zone': (modifier) => `timestamp(${String(modifier)}) with time zone`,
};

/** Precision, and the scale in eleven bits with a sign. */
function precisionOf(modifier: number): string {
  const scale = ((modifier & 0x7ff) ^ 0x400) - 0x400;
  return `${String((modifier >>> 16) & 0xffff)},${String(scale)}`;
}

/** As `format_type` writes it; `undefined` where only the database can tell. */
export function builtInType(oid: number, modifier: number): string | undefined {
  const name = NAMES.get(oid);
  if (name === undefined || modifier < 0) return name;
  const element = name.replace(/\[\]$/, '');
  const modified = Object.hasOwn(MODIFIED, element) ? MODIFIED[element] : undefined;
  return modified === undefined ? undefined : modified(modifier) + name.slice(element.length);
}
