import { lstatSync } from 'node:fs';

import { refuse } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { ListJob } from '../job.ts';
import type { Entry, ListResult, Skipped } from '../results.ts';
import type { Directory } from '../walk/directory.ts';
import { type Entries, readEntries } from '../walk/entries.ts';
import { type TreeEntry, walkTree } from '../walk/tree.ts';
import { detailsOf } from './details.ts';
import { Page } from './page.ts';
import { hidingFor, inDirectory, newBudget, nothingSkipped, type Work } from './work.ts';

/** Lists a directory, or a tree down to a depth, in pages. */
export function list(job: ListJob, work: Work): ListResult {
  return inDirectory(work, job, (directory) => {
    const skipped = nothingSkipped();
    if (job.cursor.skip !== undefined) return listLarge(directory, job, work, skipped);
    const first = readEntries(directory, LIMITS.sortEntriesMax, skipped);
    // Only a first page has to ask: a cursor says how its listing began.
    const isFirst = job.cursor.after === undefined && job.prefix === undefined;
    return isFirst && first.more
      ? listLarge(directory, job, work, skipped)
      : listSorted(directory, first, job, work, skipped);
  });
}

function listSorted(
  directory: Directory,
  first: Entries,
  job: ListJob,
  work: Work,
  skipped: Skipped,
): ListResult {
  const budget = newBudget(work);
  const walk = walkTree(directory, {
    rules: work.rulesFor(job),
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
function listLarge(directory: Directory, job: ListJob, work: Work, skipped: Skipped): ListResult {
  const skip = job.cursor.skip ?? 0;
  const stamp = stampOf(directory);
  // Positions in a directory that has changed count other entries.
  if (job.cursor.stamp !== undefined && job.cursor.stamp !== stamp) refuse('cursor.stale');
  const { deny } = work.rulesFor(job);
  const { entries, more } = readEntries(directory, job.limit, skipped, skip);
  const listed = entries.map(({ name, type }): Entry => {
    const denied = deny.denies(directory.names, name);
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
