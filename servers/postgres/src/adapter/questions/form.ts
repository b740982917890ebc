import * as z from 'zod';

/**
 * Forms of what a question's row holds. A driver hands some types over as text and others as values,
 * so each form takes both.
 */

/** A number that may come as text, as `bigint` and `numeric` do. */
export const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?[\d.]+(?:e[+-]?\d+)?$/)
    .transform(Number),
]);

export const flag = z.union([
  z.boolean(),
  z.enum(['t', 'f']).transform((letter) => letter === 't'),
]);

/** A column of type `json`. */
export function json<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    const parsed: unknown = JSON.parse(value);
    return parsed;
  }, schema);
}

/** A relation by name, as a question writes it into `json`. */
export const named = z.strictObject({ schema: z.string(), name: z.string() });
