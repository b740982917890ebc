import * as z from 'zod';

/** A short lower-case name that is safe as a word anywhere: no separator, no option dash, no dot segment. */
export const identifier = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9_-]*$/, 'must be a lower-case name of letters, digits, "-" and "_"')
  .brand<'Identifier'>();

export type Identifier = z.infer<typeof identifier>;
