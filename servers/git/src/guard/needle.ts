import { type Trusted } from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { parsedText } from './parsed.ts';
import { REFUSALS } from './refusals.ts';

/**
 * A text that is looked for as it is: not empty, one line, bounded.
 *
 * git takes each line of a pattern for a pattern of its own, so a line feed would ask for something
 * else than was written, and an empty line for everything.
 *
 * Not promised: that git reads it as a fixed text. The command says so (`--fixed-strings`).
 */
export type Needle = Trusted<string, 'Needle'>;

export const needle = parsedText(LIMITS.needleCharactersMax, needleOf, REFUSALS['pattern.invalid']);

function needleOf(text: string): Needle | undefined {
  return text === '' || /[\n\r]/.test(text) ? undefined : (text as Needle);
}
