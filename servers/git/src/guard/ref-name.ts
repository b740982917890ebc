import { type Trusted } from '@secure-mcp/validation';

import { LIMITS } from '../policy.ts';
import { parsedText } from './parsed.ts';
import { isRefFormat, parseName } from './ref-format.ts';
import { REFUSALS } from './refusals.ts';

/**
 * The full name of a ref: `HEAD`, or one that begins with `refs/` and that git itself takes as a name.
 * So it can be no option, no range and no path. It is text; git reads it as UTF-8.
 *
 * Not promised: that there is such a ref.
 */
export type RefName = Trusted<string, 'RefName'>;

/** `HEAD`, `stash`, a branch, or a full name. A remote's branch is `refs/remotes/origin/main`. */
export const refName = parsedText(LIMITS.revisionCharactersMax, refNameOf, REFUSALS['ref.invalid']);

function refNameOf(text: string): RefName | undefined {
  if (text === 'HEAD' || text === '@') return 'HEAD' as RefName;
  if (text === 'stash') return 'refs/stash' as RefName;
  const name = parseName(text);
  if (name === undefined) return undefined;
  return (name.startsWith('refs/') ? name : `refs/heads/${name}`) as RefName;
}

/** A full name that stands in a repository itself. Spaces other than ASCII's and hidden characters are its own affair. */
export function refNameFromGit(name: string): RefName | undefined {
  if (name === 'HEAD') return name as RefName;
  return name.startsWith('refs/') && isRefFormat(name) ? (name as RefName) : undefined;
}
