import type { KeyObject } from 'node:crypto';

import type { AuditedArgument } from '@secure-mcp/logging';
import type { JsonSchema } from '@secure-mcp/validation';

import { crypto } from '../crypto.ts';

/** Arguments recorded at most: a schema is smaller, an attack need not be. */
const ARGUMENTS_MAX = 32;

/** Describes arguments for the audit trail without keeping them. */
export type DescribeArguments = (
  input: unknown,
  schema: JsonSchema,
) => Readonly<Record<string, AuditedArgument>>;

/**
 * Makes the describer of one process.
 *
 * A caller's text can be a secret, a person's data or an injection aimed at whoever reads the log.
 * So a string becomes its length and a keyed digest: equal values can be recognised, and guessed
 * values cannot be tested without the key, as they could be with a plain hash. Unknown fields are
 * not named.
 */
export function createArgumentDescriber(): DescribeArguments {
  let key: KeyObject | undefined;
  return (input, schema) => {
    key ??= crypto().createSecretKey(crypto().randomBytes(32));
    const drawn = key;
    if (typeof input !== 'object' || input === null) return {};
    const properties = isRecord(schema['properties']) ? schema['properties'] : {};
    const known = Object.entries(input).filter(([name]) => Object.hasOwn(properties, name));
    return Object.fromEntries(
      known
        .slice(0, ARGUMENTS_MAX)
        .map(([name, value]) => [name, describe(value, properties[name], drawn)]),
    );
  };
}

function describe(value: unknown, property: unknown, key: KeyObject): AuditedArgument {
  switch (typeof value) {
    case 'number':
      return { type: 'number', value };
    case 'boolean':
      return { type: 'boolean', value };
    case 'string':
      return isChoice(value, property)
        ? { type: 'choice', value }
        : { type: 'string', length: value.length, hmac: digest(value, key) };
    case 'object':
      return describeComposite(value);
    default:
      return { type: 'null' };
  }
}

function describeComposite(value: object | null): AuditedArgument {
  if (value === null) return { type: 'null' };
  return Array.isArray(value)
    ? { type: 'array', length: value.length }
    : { type: 'object', length: Object.keys(value).length };
}

/** One of our own words, from the schema's enumeration. */
function isChoice(value: string, property: unknown): boolean {
  return isRecord(property) && Array.isArray(property['enum']) && property['enum'].includes(value);
}

function digest(value: string, key: KeyObject): string {
  return crypto().createHmac('sha256', key).update(value).digest('base64url').slice(0, 22);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
