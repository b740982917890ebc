import { textFromByteString } from '@secure-mcp/validation';

import { revision, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/**
 * Branches and tags that begin with a text, for completion: branches first, each by its name. Names that
 * a caller could not send back as a revision are left out.
 *
 * @param limit at most LIMITS.itemsMax are given
 */
export async function namesLike(
  handle: Handle,
  text: string,
  limit: number,
): Promise<readonly string[]> {
  const names = new Set<string>();
  const most = Math.min(limit, LIMITS.itemsMax);
  if (most <= 0) return [];
  await readFields(
    handle,
    {
      args: [
        word('for-each-ref'),
        word('--format=%(refname)'),
        word('refs/heads'),
        word('refs/tags'),
      ],
      separator: LINE_FEED,
      fieldBytesMax: LIMITS.refBytesMax,
      bytesMax: LIMITS.countedBytesMax,
    },
    (line, cut) => {
      if (cut) return true;
      const name = textFromByteString(line.replace(/^refs\/(?:heads|tags)\//, ''));
      if (name.startsWith(text) && revision.safeParse(name).success) names.add(name);
      return names.size < most;
    },
  );
  return [...names];
}
