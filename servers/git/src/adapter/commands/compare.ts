import { object, type Oid, parseOid, range, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { CompareQuery } from '../repository.ts';
import type { Comparison } from '../results.ts';
import { previewMerge } from './merge-preview.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/**
 * What two commits have that the other has not, and what merging the second into the first would do.
 * Refuses `history.unrelated`.
 */
export async function compare(handle: Handle, query: CompareQuery): Promise<Comparison> {
  // Attributes of the work tree say how a file is merged. Whoever changes them sees it with the next commits.
  const key = `compare ${JSON.stringify(query)}`;
  const known = handle.cache.get<Comparison>(key);
  if (known !== undefined) return known;
  const comparison = await compute(handle, query);
  handle.cache.set(key, comparison, sizeOf(comparison));
  return comparison;
}

/** The nearest common ancestors of two commits. Empty where there is none. */
export async function mergeBases(handle: Handle, base: Oid, head: Oid): Promise<readonly Oid[]> {
  const bases: Oid[] = [];
  await readFields(
    handle,
    {
      args: [word('merge-base'), word('--all'), object(base), object(head)],
      separator: LINE_FEED,
      exitCodes: [0, NONE],
    },
    (line) => {
      bases.push(oidOf(line));
      // Two histories that were merged crosswise again and again have as many as someone likes.
      return bases.length < LIMITS.itemsMax;
    },
  );
  return bases;
}

const NONE = 1;

async function compute(handle: Handle, query: CompareQuery): Promise<Comparison> {
  // Each walks the history for itself, and can take as long as the other.
  const [bases, sides] = await Promise.all([
    mergeBases(handle, query.base, query.head),
    sidesOf(handle, query),
  ]);
  if (bases.length === 0) return refuse('history.unrelated');
  return {
    bases,
    ahead: sides.ahead.total,
    behind: sides.behind.total,
    aheadCommits: await handle.objects.commits(sides.ahead.first),
    behindCommits: await handle.objects.commits(sides.behind.first),
    merge: await previewMerge(handle, query),
  };
}

interface Side {
  readonly first: Oid[];
  total: number;
}

/** One pass over both sides: counted whole, and the newest of each. */
async function sidesOf(
  handle: Handle,
  { base, head, limit }: CompareQuery,
): Promise<{ readonly ahead: Side; readonly behind: Side }> {
  const ahead: Side = { first: [], total: 0 };
  const behind: Side = { first: [], total: 0 };
  const { cut } = await readFields(
    handle,
    {
      args: [word('rev-list'), word('--left-right'), range(base, '...', head), word('--')],
      separator: LINE_FEED,
      bytesMax: LIMITS.countedBytesMax,
    },
    (line) => {
      const side = line.startsWith('>') ? ahead : behind;
      side.total += 1;
      if (side.first.length < limit) side.first.push(oidOf(line.slice(1)));
    },
  );
  if (cut) return refuse('repository.too_large');
  return { ahead, behind };
}

function oidOf(text: string): Oid {
  return parseOid(text) ?? refuse('repository.broken');
}

/** About the bytes that an answer takes in memory. */
function sizeOf({ aheadCommits, behindCommits, merge }: Comparison): number {
  const commits = [...aheadCommits, ...behindCommits];
  return (
    commits.reduce((sum, { subject, body }) => sum + 2 * (subject.length + body.length) + 1024, 0) +
    merge.conflicts.reduce((sum, { path }) => sum + 2 * path.length + 256, 256)
  );
}
