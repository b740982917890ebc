import { boundedText } from '@secure-mcp/validation';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';

/** JSON's own safe range: what is larger is sent as text, which PostgreSQL reads as what it has to be. */
const INTEGER_MIN = Number.MIN_SAFE_INTEGER + 1;

const text = boundedText(LIMITS.parameterCharactersMax);

/** A value that a condition compares with. */
export const scalar = z.union([text, z.int().min(INTEGER_MIN), z.boolean()]);

/** Values for `$1` to `$n`. An array comes as PostgreSQL writes it: the listing need not describe one. */
export const parameters = z
  .array(z.union([...scalar.options, z.null()]))
  .max(LIMITS.parametersMax)
  .optional();
