import { compileGlobs } from '@secure-mcp/validation/patterns';

import { matchableName, type Name, refuse } from '../../guard/index.ts';
import type { FindJob } from '../job.ts';
import type { Entry, FindResult, NextPage, Skipped } from '../results.ts';
import { type Budget, type TreeEntry, walkTree } from '../walk/tree.ts';
import { type Details, detailsOf } from './details.ts';
import { Page } from './page.ts';
import { hidingFor, inDirectory, newBudget, nothingSkipped, type Work } from './work.ts';

/** Entries between two looks at the clock. */
const STRIDE = 512;

/** Finds entries by a glob over their paths. */
export function find(job: FindJob, work: Work): FindResult {
  const matches = compileChosen(job.glob);
  return inDirectory(work, job, (directory, rules) => {
    const skipped = nothingSkipped();
    const budget = newBudget(work);
    const walk = walkTree(directory, {
      rules,
      depth: Infinity,
      ...hidingFor(work, job, directory),
      after: job.sort === 'path' ? job.cursor.after : undefined,
      inclusive: false,
      budget,
      skipped,
    });
    const scan: Scan = { job, matches, skipped, work, count: 0, last: undefined };
    const found = matching(walk, scan);
    const page = job.sort === 'path' ? inOrder(found, scan, budget) : sorted(found, job);
    // In an order of its own, a page is cut from a whole walk; only the walk can be incomplete.
    const complete = !budget.over && (job.sort !== 'path' || page.next === undefined);
    return { kind: 'find', ...page, scanned: scan.count, complete, skipped };
  });
}

/** Compiles a glob for the paths of a walk. Without a slash it looks at names alone, which are shorter. */
export function compileChosen(glob: string): (steps: readonly Name[]) => boolean {
  const set = compileGlobs([glob]);
  if (set.malformed.length > 0) {
    refuse('pattern.invalid', { hint: 'A bracket or a brace is not closed.' });
  }
  const whole = glob.slice(0, -1).includes('/');
  return (steps) => {
    const chosen = whole ? steps : steps.slice(-1);
    return set.matches(chosen.map(matchableName).join('/')).length > 0;
  };
}

interface Scan {
  readonly job: FindJob;
  readonly matches: (steps: readonly Name[]) => boolean;
  readonly skipped: Skipped;
  readonly work: Work;
  count: number;
  /** The last entry that has been dealt with. */
  last: readonly Name[] | undefined;
}

interface Found {
  readonly entry: Entry;
  readonly steps: readonly Name[];
  readonly value: number;
}

interface FoundPage {
  readonly entries: readonly Entry[];
  readonly next: NextPage | undefined;
}

function* matching(walk: Iterable<TreeEntry>, scan: Scan): Generator<Found> {
  for (const entry of walk) {
    scan.count += 1;
    if (scan.count % STRIDE === 0) {
      scan.work.pause();
      scan.work.progress(scan.count);
    }
    const found = matchOf(entry, scan);
    if (found !== undefined) yield found;
    scan.last = entry.steps;
  }
}

function matchOf(tree: TreeEntry, { job, matches, skipped }: Scan): Found | undefined {
  const { directory, name, steps, type } = tree;
  if (!isChosen(tree, job) || !matches(steps)) return undefined;
  if (!needsDetails(job)) return { entry: { steps, type }, steps, value: 0 };
  const details = detailsOf(directory, name, type, skipped);
  if (!fits(details, job)) return undefined;
  const value = job.sort === 'size' ? (details.size ?? 0) : timeOf(details);
  return { entry: { steps, type, ...details }, steps, value };
}

function isChosen({ type, denied, ignored }: TreeEntry, job: FindJob): boolean {
  return !denied && !ignored && (job.type === 'any' || job.type === type);
}

function asksSize({ sizeMin, sizeMax }: FindJob): boolean {
  return sizeMin > 0 || sizeMax < Infinity;
}

function needsDetails(job: FindJob): boolean {
  return job.sort !== 'path' || job.modifiedAfter > 0 || asksSize(job);
}

function fits(details: Details, job: FindJob): boolean {
  if (timeOf(details) < job.modifiedAfter) return false;
  const { size = -1 } = details;
  return !asksSize(job) || (size >= job.sizeMin && size <= job.sizeMax);
}

function timeOf({ mtime }: Details): number {
  return mtime === undefined ? -1 : Date.parse(mtime);
}

function inOrder(found: Iterable<Found>, scan: Scan, budget: Budget): FoundPage {
  const page = new Page<Entry>(scan.job.limit);
  for (const { entry, steps } of found) {
    if (!page.hasRoomFor(steps)) break;
    page.add(entry);
  }
  return { entries: page.items, next: page.nextAfter(scan.last, budget.over) };
}

/** The largest or newest first. The whole tree has to be seen before the first page is known. */
function sorted(found: Iterable<Found>, { limit, cursor }: FindJob): FoundPage {
  const { value, after } = cursor;
  const isLeft = (candidate: Found): boolean =>
    value === undefined || order({ value, path: after ?? [] }, keyOf(candidate)) < 0;
  const left = [...found].filter(isLeft).toSorted((a, b) => order(keyOf(a), keyOf(b)));
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isMore = last !== undefined && left.length > limit;
  const next = isMore ? { value: last.value, after: [...last.steps] } : undefined;
  return { entries: page.map(({ entry }) => entry), next };
}

interface Key {
  readonly value: number;
  readonly path: readonly string[];
}

function keyOf({ value, steps }: Found): Key {
  return { value, path: steps };
}

function order(a: Key, b: Key): number {
  if (a.value !== b.value) return b.value - a.value;
  const [left, right] = [a.path.join('/'), b.path.join('/')];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
