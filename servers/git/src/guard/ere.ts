import { boundedText, type Trusted } from '@secure-mcp/validation';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';
import { parseEre } from './ere/parse.ts';
import { PROBLEMS } from './ere/problem.ts';

/**
 * A POSIX extended regular expression within a subset that glibc compiles in bounded memory: no back
 * references, counts up to 100, and a bound on all repetitions together. `\d` and `(?:…)`, which ERE has
 * not, are written in its words.
 *
 * Not promised: that matching is linear. glibc starts anew at each character of a line, and a repository
 * can hold a line of megabytes; only the command's deadline ends that.
 */
export type Ere = Trusted<string, 'Ere'>;

export const ere = boundedText(LIMITS.needleCharactersMax).transform((text, context): Ere => {
  const parsed = parseEre(text);
  if (parsed.ok) return parsed.text as Ere;
  context.issues.push({ code: 'custom', message: PROBLEMS[parsed.problem], input: undefined });
  return z.NEVER;
});
