/** One part of a JSON Schema that has no ceiling. */
export type OpenPart = string;

/**
 * Finds what a schema leaves open: a string without a length, a list without a count, a number
 * without a range, an object that takes further fields.
 */
export function openParts(schema: unknown, where: string): readonly OpenPart[] {
  if (!isRecord(schema)) return [];
  return [...ownParts(schema, where), ...nestedParts(schema, where)];
}

function ownParts(schema: Readonly<Record<string, unknown>>, where: string): readonly OpenPart[] {
  if ('enum' in schema || 'const' in schema) return [];
  switch (schema['type']) {
    case 'string':
      return 'maxLength' in schema ? [] : [`${where}: a string without maxLength`];
    case 'array':
      return 'maxItems' in schema ? [] : [`${where}: a list without maxItems`];
    case 'integer':
    case 'number':
      return 'minimum' in schema ? [] : [`${where}: a number without minimum`];
    case 'object':
      return schema['additionalProperties'] === false ? [] : [`${where}: an open object`];
    default:
      return [];
  }
}

function nestedParts(
  schema: Readonly<Record<string, unknown>>,
  where: string,
): readonly OpenPart[] {
  const properties = isRecord(schema['properties']) ? Object.entries(schema['properties']) : [];
  return [
    ...properties.flatMap(([name, property]) => openParts(property, `${where}.${name}`)),
    ...openParts(schema['items'], `${where}[]`),
  ];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
