import { lstatSync } from 'node:fs';

import { refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { ListJob } from '../job.ts';
import type { Entry, ListResult, Skipped } from '../results.ts';
import type { Directory } from '../walk/directory.ts';
import { type Entries, readEntries } from '../walk/entries.ts';
import { type TreeEntry, walkTree } from '../walk/tree.ts';
import type { WalkRules } from '../walk/walk.ts';
import { detailsOf } from './details.ts';
import { Page } from './page.ts';
import { hidingFor, inDirectory, newBudget, nothingSkipped, type Work } from './work.ts';

/** Lists a directory, or a tree down to a depth, in pages. */
export function list(job: ListJob, work: Work): ListResult {
  return inDirectory(work, job, (directory, rules) => {
    const skipped = nothingSkipped();
    const listing: Listing = { directory, rules, job, work, skipped };
    if (job.cursor.skip !== undefined) return listLarge(listing);
    const first = readEntries(directory, LIMITS.sortEntriesMax, skipped);
    // Only a first page has to ask: a cursor says how its listing began.
    const isFirst = job.cursor.after === undefined && job.prefix === undefined;
    return isFirst && first.more ? listLarge(listing) : listSorted(listing, first);
  });
}

interface Listing {
  readonly directory: Directory;
  readonly rules: WalkRules;
  readonly job: ListJob;
  readonly work: Work;
  readonly skipped: Skipped;
}

function listSorted({ directory, rules, job, work, skipped }: Listing, first: Entries): ListResult {
  const budget = newBudget(work);
  const walk = walkTree(directory, {
    rules,
    depth: job.depth,
    ...hidingFor(work, job, directory),
    after: job.cursor.after,
    inclusive: false,
    first,
    budget,
    skipped,
  });
  const page = new Page<Entry>(job.limit);
  for (const found of walk) {
    if (job.prefix !== undefined && !found.name.startsWith(job.prefix)) continue;
    if (!page.hasRoomFor(found.steps)) break;
    page.add(entryOf(found, job, skipped));
    if (page.items.length % 256 === 0) work.pause();
  }
  const next = page.nextAfter(page.items.at(-1)?.steps, budget.over);
  return { kind: 'list', entries: page.items, sorted: true, next, skipped };
}

function entryOf(found: TreeEntry, { depth, details }: ListJob, skipped: Skipped): Entry {
  const { directory, name, steps, type, denied, closed } = found;
  return {
    steps,
    type,
    ...(denied && { denied }),
    ...(closed !== undefined && depth > 1 && { closed }),
    ...(details && !denied && detailsOf(directory, name, type, skipped)),
  };
}

/**
 * Lists a directory that is too large to sort: in its own order, by position. A million entries cost
 * milliseconds for the first page, and no memory that grows with them.
 */
function listLarge({ directory, rules, job, skipped }: Listing): ListResult {
  const skip = job.cursor.skip ?? 0;
  const stamp = stampOf(directory);
  // Positions in a directory that has changed count other entries.
  if (job.cursor.stamp !== undefined && job.cursor.stamp !== stamp) refuse('cursor.stale');
  const { entries, more } = readEntries(directory, job.limit, skipped, skip);
  const listed = entries.map(({ name, type }): Entry => {
    const denied = rules.deny.denies(directory.names, name);
    if (denied) skipped.denied += 1;
    const details = job.details && !denied ? detailsOf(directory, name, type, skipped) : {};
    return { steps: [name], type, ...(denied && { denied }), ...details };
  });
  const next = more ? { skip: skip + entries.length, stamp } : undefined;
  return { kind: 'list', entries: listed, sorted: false, next, skipped };
}

function stampOf(directory: Directory): string {
  const { mtimeMs, ctimeMs } = lstatSync(directory.here());
  return `${String(mtimeMs)}.${String(ctimeMs)}`;
}
