import * as z from 'zod';

/** One option as the command line, the environment and the documentation know it. */
export interface Option {
  readonly key: string;
  readonly flag: string;
  readonly variable: string;
  /** `file` is for what has a structure: it stands in the file of `--config` only. */
  readonly kind: 'text' | 'integer' | 'switch' | 'list' | 'file';
  /** What stands for the value in the help text. */
  readonly value: string;
  readonly description: string;
  readonly fallback: string | undefined;
  /** Given as plain arguments rather than by flag. */
  readonly positional: boolean;
  /** A list of what is closed: every source adds to it, and none opens what another one closed. */
  readonly adds: boolean;
}

export const VARIABLE_PREFIX = 'SECURE_MCP_';

/**
 * Reads the options out of their schema: one source for flags, variables, file, help and README.
 *
 * It looks at the schema itself. Converting it to JSON Schema would tell the same and take longer
 * than the rest of the start-up of a server.
 */
export function optionsOf(schema: z.ZodObject): readonly Option[] {
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  return Object.entries(shape).map(([key, field]) => optionOf(key, field));
}

/** The flag of an option, by its key. */
export function flagOf(key: string): string {
  return `--${wordsOf(key)}`;
}

function wordsOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function optionOf(key: string, field: z.core.$ZodType): Option {
  const { inner, fallback } = unwrap(field);
  const { description = '', value, positional, adds, file } = z.globalRegistry.get(field) ?? {};
  const kind = file === true ? 'file' : kindOf(inner);
  return {
    key,
    flag: flagOf(key),
    variable: VARIABLE_PREFIX + wordsOf(key).toUpperCase().replaceAll('-', '_'),
    kind,
    value: typeof value === 'string' ? value : placeholder(inner, kind),
    description,
    fallback: fallbackText(fallback),
    positional: positional === true,
    adds: adds === true,
  };
}

/** An empty list is no default worth naming, and `false` is what a switch is without being given. */
function fallbackText(fallback: unknown): string | undefined {
  return typeof fallback === 'string' || typeof fallback === 'number'
    ? String(fallback)
    : undefined;
}

interface Unwrapped {
  readonly inner: z.core.$ZodType;
  readonly fallback: unknown;
}

function unwrap(field: z.core.$ZodType): Unwrapped {
  if (field instanceof z.ZodOptional) return unwrap(field.unwrap());
  if (!(field instanceof z.ZodDefault)) return { inner: field, fallback: undefined };
  return { ...unwrap(field.unwrap()), fallback: field.def.defaultValue };
}

function kindOf(inner: z.core.$ZodType): Option['kind'] {
  if (inner instanceof z.ZodNumber) return 'integer';
  if (inner instanceof z.ZodBoolean) return 'switch';
  return inner instanceof z.ZodArray ? 'list' : 'text';
}

function placeholder(inner: z.core.$ZodType, kind: Option['kind']): string {
  if (inner instanceof z.ZodEnum) return inner.options.join('|');
  return kind === 'integer' ? 'N' : 'TEXT';
}
