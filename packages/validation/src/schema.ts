import * as z from 'zod';

/** A value of JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON Schema, as it is sent to a client. */
export type JsonSchema = { [key: string]: Json };

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: readonly string[] };

/** A schema that can be shown to a caller and can judge a caller's input without repeating it. */
export interface SafeSchema<Input, Output> {
  /** Judges a value. The issues name only fields that the schema itself knows. */
  parse(value: unknown): Parsed<Output>;
  /** The JSON Schema of what goes in, or of what comes out. Converted once. */
  json(side: 'input' | 'output'): JsonSchema;
  /** Type only: what the schema takes. */
  readonly input?: Input;
}

/** Issues told to a caller at most: enough to mend a call, too few to flood a context. */
const ISSUES_MAX = 5;
const PATH_STEPS_SHOWN_MAX = 4;

/**
 * Wraps a Zod schema so that a refusal cannot carry an attacker's text.
 *
 * Zod repeats unknown keys word for word (`Unrecognized key: "IGNORE ALL PREVIOUS…"`), and that text
 * would reach the model as the server's own words. It also converts the schema again on each
 * request; here the conversion happens once.
 */
export function safeSchema<Schema extends z.ZodType>(
  schema: Schema,
): SafeSchema<z.input<Schema>, z.output<Schema>> {
  const converted: { input?: JsonSchema; output?: JsonSchema } = {};
  return {
    parse(value) {
      const result = schema.safeParse(value);
      if (result.success) return { ok: true, value: result.data };
      return { ok: false, issues: result.error.issues.slice(0, ISSUES_MAX).map(describeIssue) };
    },
    json: (side) => (converted[side] ??= toJsonSchema(schema, side)),
  };
}

/** Says what is wrong with which known field, in words that were written here. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const field = issue.path.slice(0, PATH_STEPS_SHOWN_MAX).map(shownStep).join('.');
  return field === '' ? problemOf(issue) : `${field}: ${problemOf(issue)}`;
}

/** A record's key is the caller's text, so a step that does not look like one of our field names is hidden. */
function shownStep(step: PropertyKey): string {
  if (typeof step === 'number') return String(step);
  return typeof step === 'string' && /^[a-z][A-Za-z0-9_]{0,39}$/.test(step) ? step : '…';
}

function problemOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'unknown field';
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}`;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'custom':
      return issue.message;
    case 'invalid_format':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
      return 'invalid value';
  }
}

function toJsonSchema(schema: z.ZodType, side: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: side });
  return members(json);
}

/** Copies JSON without what says nothing: every client pays for each byte, with every listing. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) return members(value);
  const isScalar =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? value : null;
}

function members(value: object): JsonSchema {
  const telling = Object.entries(value).filter(([key, member]) => !saysNothing(key, member, value));
  return Object.fromEntries(telling.map(([key, member]) => [key, plain(member)]));
}

function saysNothing(key: string, member: unknown, beside: object): boolean {
  switch (key) {
    case 'maximum':
      return member === Number.MAX_SAFE_INTEGER;
    case 'minimum':
      return member === Number.MIN_SAFE_INTEGER;
    case 'default':
      // A switch that is not given is off.
      return member === false;
    case 'type':
      // Choices say what type they are.
      return 'enum' in beside;
    case 'propertyNames':
      // The names of an object are always text.
      return true;
    default:
      return member === undefined;
  }
}
