import { boundedText } from '@secure-mcp/validation';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';

/** Elements of an array parameter. */
const ELEMENTS_MAX = 10_000;

/** A number that JSON cannot hold exactly is sent as text: the server reads it as what it has to be. */
const scalar = z.union([
  boundedText(LIMITS.parameterCharactersMax),
  z.int(),
  z.boolean(),
  z.null(),
]);

/** The values of `$1` to `$n`. */
export const parameterValues = z
  .array(z.union([scalar, z.array(scalar).max(ELEMENTS_MAX)]))
  .max(LIMITS.parametersMax);

type Scalar = z.output<typeof scalar>;
export type ParameterValue = Scalar | readonly Scalar[];

/**
 * Values in the form in which they travel, apart from the statement. The server gives each the type
 * that its place in the statement asks for.
 */
export function wireValues(values: readonly ParameterValue[]): readonly (string | null)[] {
  return values.map((value) =>
    Array.isArray(value) ? arrayLiteral(value as readonly Scalar[]) : wireValue(value as Scalar),
  );
}

function wireValue(value: Scalar): string | null {
  return value === null ? null : String(value);
}

/** An array as PostgreSQL reads it: each element in quotes, so that none can end it. */
function arrayLiteral(values: readonly Scalar[]): string {
  const elements = values.map((value) =>
    value === null ? 'NULL' : `"${String(value).replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  );
  return `{${elements.join(',')}}`;
}
