/** One part of a JSON Schema that has no ceiling. */
export type OpenPart = string;

/**
 * Finds what a schema leaves open: a string without a length, a list without a count, a number
 * without a range, an object that takes further fields, and whatever takes anything.
 *
 * An integer needs no `maximum` here: Zod's integers end at the largest exact one, and the listing
 * leaves that out. A number with a fraction has no such end.
 */
export function openParts(schema: unknown, where: string): readonly OpenPart[] {
  // `true` is a schema as well: it takes anything.
  if (schema === true) return [`${where}: anything`];
  if (!isRecord(schema)) return [];
  return [...ownParts(schema, where), ...nestedParts(schema, where)];
}

type Schema = Readonly<Record<string, unknown>>;

function ownParts(schema: Schema, where: string): readonly OpenPart[] {
  if ('enum' in schema || 'const' in schema) return [];
  const { type, $ref } = schema;
  // What stands in `$defs` is looked at there. Nobody has looked at what another document says.
  if (typeof $ref === 'string') return $ref.startsWith('#') ? [] : [`${where}: another document`];
  if (type === undefined)
    return BRANCHES.some((key) => key in schema) ? [] : [`${where}: anything`];
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.flatMap((each) => openPart(schema, each).map((problem) => `${where}: ${problem}`));
}

function openPart(schema: Schema, type: unknown): readonly string[] {
  switch (type) {
    case 'string':
      return 'maxLength' in schema ? [] : ['a string without maxLength'];
    case 'array':
      return 'maxItems' in schema ? [] : ['a list without maxItems'];
    case 'integer':
      return 'minimum' in schema ? [] : ['a number without minimum'];
    case 'number':
      return ['a number that need not be whole'];
    case 'object':
      return schema['additionalProperties'] === false ? [] : ['an open object'];
    case 'boolean':
    case 'null':
      return [];
    default:
      return ['a type that nobody knows'];
  }
}

/** Keywords that hold alternatives or parts, each a schema of its own. */
const BRANCHES = ['anyOf', 'oneOf', 'allOf'];
const LISTS = [...BRANCHES, 'prefixItems'];
/** Keywords that hold schemas by name. */
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions'];
/** Keywords that hold one schema. */
const SINGLE = ['items', 'additionalProperties'];

function nestedParts(schema: Schema, where: string): readonly OpenPart[] {
  const named = NAMED.flatMap((key) => {
    const place = key === 'properties' ? where : `${where}.${key}`;
    const members = isRecord(schema[key]) ? Object.entries(schema[key]) : [];
    return members.flatMap(([name, member]) => openParts(member, `${place}.${name}`));
  });
  const listed = LISTS.flatMap((key) => {
    const members: readonly unknown[] = Array.isArray(schema[key]) ? schema[key] : [];
    return members.flatMap((member, at) => openParts(member, `${where}.${key}.${String(at)}`));
  });
  const single = SINGLE.flatMap((key) =>
    openParts(schema[key], key === 'items' ? `${where}[]` : `${where}.${key}`),
  );
  return [...named, ...listed, ...single];
}

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
