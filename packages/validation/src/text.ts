import * as z from 'zod';

/**
 * A string with a ceiling that holds no NUL and no lone surrogate.
 *
 * NUL ends a string in C, so the layer below would see another value than the layer that checked it
 * (CWE-158); a lone surrogate cannot be written as UTF-8 and turns into another character on the way.
 */
export function boundedText(charactersMax: number): z.ZodString {
  return z
    .string()
    .max(charactersMax)
    .refine((text) => !text.includes('\0'), 'must not contain NUL')
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');
}
