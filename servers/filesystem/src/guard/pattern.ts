import { boundedText } from '@secure-mcp/validation';
import type * as z from 'zod';

import { LIMITS } from '../policy.ts';

/**
 * What to search for, bounded in length.
 *
 * Not promised: that it is a valid expression. The linear engine judges that where it runs.
 */
export const searchPattern = boundedText(LIMITS.patternCharactersMax)
  .min(1)
  .brand<'SearchPattern'>();
export type SearchPattern = z.output<typeof searchPattern>;

/**
 * Which paths are meant, bounded in length.
 *
 * Not promised: that it is a well-formed glob. The linear engine judges that where it runs.
 */
export const glob = boundedText(LIMITS.globCharactersMax).min(1).brand<'Glob'>();
export type Glob = z.output<typeof glob>;
