import { object, type Oid, range, refuse, word } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Handle } from '../handle.ts';
import type { CompareQuery } from '../repository.ts';
import type { Comparison } from '../results.ts';
import { previewMerge } from './merge-preview.ts';
import { oidFromGit } from './oids.ts';
import { LINE_FEED, readFields } from './z-fields.ts';

/**
 * What two commits have that the other has not, and what merging the second into the first would do.
 * Refuses `history.unrelated`.
 */
export async function compare(handle: Handle, query: CompareQuery): Promise<Comparison> {
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
      bases.push(oidFromGit(line));
      // Two histories that were merged crosswise again and again have as many as someone likes.
      return bases.length < LIMITS.itemsMax;
    },
  );
  return bases;
}

const NONE = 1;

async function compute(handle: Handle, query: CompareQuery): Promise<Comparison> {
  const sides = await sidesOf(handle, query);
  const [aheadCommits, behindCommits, meeting] = await Promise.all([
    handle.objects.commits(sides.ahead.first),
    handle.objects.commits(sides.behind.first),
    meetingOf(handle, query, sides),
  ]);
  const [ahead, behind] = [sides.ahead.total, sides.behind.total];
  return { ...meeting, ahead, behind, aheadCommits, behindCommits };
}

interface Sides {
  readonly ahead: Side;
  readonly behind: Side;
}

/** Where two histories meet, and what a merge of them would be. Refuses `history.unrelated`. */
async function meetingOf(
  handle: Handle,
  { base, head }: CompareQuery,
  { ahead, behind }: Sides,
): Promise<Pick<Comparison, 'bases' | 'merge'>> {
  // One has nothing that the other has not: they meet in it, and the other is what a merge would make.
  if (behind.total === 0) return within(handle, base, head);
  if (ahead.total === 0) return within(handle, head, base);
  // Each can take as long as the other. Histories that do not meet cannot be merged either.
  const [bases, merge] = await Promise.allSettled([
    mergeBases(handle, base, head),
    previewMerge(handle, { base, head }),
  ]);
  if (bases.status === 'rejected') throw bases.reason;
  if (bases.value.length === 0) return refuse('history.unrelated');
  if (merge.status === 'rejected') throw merge.reason;
  return { bases: bases.value, merge: merge.value };
}

async function within(
  { objects }: Handle,
  older: Oid,
  newer: Oid,
): Promise<Pick<Comparison, 'bases' | 'merge'>> {
  const { tree } = await objects.commit(newer);
  return { bases: [older], merge: { clean: true, conflicts: [], conflictsTotal: 0, tree } };
}

interface Side {
  readonly first: Oid[];
  total: number;
}

/** One pass over both sides: counted whole, and the newest of each. */
async function sidesOf(handle: Handle, { base, head, limit }: CompareQuery): Promise<Sides> {
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
      if (side.first.length < limit) side.first.push(oidFromGit(line.slice(1)));
    },
  );
  if (cut) return refuse('repository.too_large');
  return { ahead, behind };
}

/** About the bytes that an answer takes in memory. */
function sizeOf({ aheadCommits, behindCommits, merge }: Comparison): number {
  const commits = [...aheadCommits, ...behindCommits];
  return (
    commits.reduce((sum, { subject, body }) => sum + 2 * (subject.length + body.length) + 1024, 0) +
    merge.conflicts.reduce((sum, { path }) => sum + 2 * path.length + 256, 256)
  );
}
