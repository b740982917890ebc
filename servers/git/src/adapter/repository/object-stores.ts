import type { BigIntStats } from 'node:fs';
import { join, resolve } from 'node:path';

import { parseAlternates } from '../../guard/layout/index.ts';
import { LIMITS } from '../../policy.ts';
import { isWithin, type Layout, realOf } from './layout.ts';
import { readPlain } from './plain-file.ts';
import { hostBytes, listPlain, type Pace } from './plain-tree.ts';
import { fileProblem, type FindingId, findingOf, type Report, treeProblem } from './report.ts';
import { lookAt, lstatOrNothing, type Stamp, stampAt, stampOf } from './stamp.ts';

/** One directory of objects, and what was found to be plain in it. */
export interface ObjectStore {
  readonly path: string;
  readonly stamp: Stamp;
  readonly alternates: Stamp;
  /** `pack` and the fan-out directories, each with its stamp: what git may be shown. */
  readonly parts: ReadonlyMap<string, Stamp>;
}

/** `info` is not among them: what it holds leads elsewhere (alternates) or is believed (commit-graphs). */
export const PARTS: readonly string[] = [
  'pack',
  ...Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')),
];

/** Directories of objects at most, however they borrow from each other. */
const STORES_MAX = 32;

/** A directory of objects and those that it borrows from, nearest first, each once. */
export async function inspectStores(
  layout: Layout,
  report: Report,
  pace: Pace,
): Promise<readonly ObjectStore[]> {
  const stores = new Map<string, ObjectStore>();
  let waiting: readonly string[] = [join(layout.commonDir, 'objects')];
  for (let depth = 0; depth <= LIMITS.alternatesMax && waiting.length > 0; depth += 1) {
    const next: string[] = [];
    for (const path of waiting) {
      if (stores.has(path)) continue;
      // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
      stores.set(path, await inspectStore(path, layout, report, pace));
      next.push(...alternatesOf(path, layout, report));
    }
    waiting = stores.size > STORES_MAX ? [] : next.filter((path) => !stores.has(path));
    if (stores.size > STORES_MAX || (depth === LIMITS.alternatesMax && waiting.length > 0))
      report.add(findingOf('layout.crowded', 'objects/info/alternates'));
  }
  return [...stores.values()];
}

/** Looks at the parts of one store: real directories of plain files, judged by what the directory says. */
async function inspectStore(
  path: string,
  layout: Layout,
  report: Report,
  pace: Pace,
): Promise<ObjectStore> {
  const stats = lstatOrNothing(path);
  const parts = new Map<string, Stamp>();
  const alternates = stampAt(join(path, 'info', 'alternates'));
  const problem = storeProblem(path, stats);
  if (stats === undefined || problem !== undefined) {
    report.add(findingOf(problem ?? 'layout.missing', 'objects'));
    return { path, stamp: '', alternates, parts };
  }
  for (const name of PARTS) {
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    await pace.rest();
    // oxlint-disable-next-line no-await-in-loop -- as above
    const stamp = await inspectPart(join(path, name), layout, report, pace);
    if (stamp !== undefined) parts.set(name, stamp);
  }
  return { path, stamp: stampOf(stats), alternates, parts };
}

function storeProblem(path: string, stats: BigIntStats | undefined): FindingId | undefined {
  if (stats?.isSymbolicLink() === true) return 'layout.link';
  if (stats?.isDirectory() !== true) return 'layout.missing';
  return canBeEntered(path) ? undefined : 'layout.unreadable';
}

/**
 * False for a directory whose parts would all look as if they were not there, and the repository as if it
 * had no commit. Its list is not needed: we and git ask for each part by its name.
 */
export function canBeEntered(path: string): boolean {
  // No `join`, which leaves out the dot.
  return lookAt(`${path}/.`) !== 'unreadable';
}

/** Looks at `pack` or a fan-out directory. Undefined when there is none, or none that may be used. */
export async function inspectPart(
  path: string,
  layout: Layout,
  report: Report,
  pace: Pace,
): Promise<Stamp | undefined> {
  const stats = lstatOrNothing(path);
  if (stats === undefined) return undefined;
  const where = hostBytes(relativeTo(layout, path));
  if (!stats.isDirectory()) {
    report.add(findingOf(stats.isSymbolicLink() ? 'layout.link' : 'layout.special', where));
    return undefined;
  }
  const { problems } = await listPlain(hostBytes(path), pace);
  for (const problem of problems) report.add(treeProblem(problem, hostBytes(layout.commonDir)));
  return problems.length === 0 ? stampOf(stats) : '';
}

/** The directories that a store borrows from, each one within the bounds. */
function alternatesOf(store: string, layout: Layout, report: Report): readonly string[] {
  const where = hostBytes(relativeTo(layout, join(store, 'info', 'alternates')));
  const file = readPlain(store, ['info', 'alternates'], LIMITS.configBytesMax);
  if (file.kind === 'absent') return [];
  if (file.kind === 'problem') {
    report.add(fileProblem(file.problem, where));
    return [];
  }
  const found: string[] = [];
  const named = parseAlternates(file.bytes.toString('utf8'));
  if (named === undefined) report.add(findingOf('layout.malformed', where));
  // Before one of them is looked for: a megabyte can name half a million directories, or one so often.
  if (named !== undefined && named.length > STORES_MAX) {
    report.add(findingOf('layout.crowded', where));
    return [];
  }
  for (const line of named ?? []) {
    const path = realOf(resolve(store, line));
    if (path === undefined) report.add(findingOf('objects.alternate_missing', where));
    else if (!isWithin(layout.bounds, path))
      report.add(findingOf('objects.alternate_outside', where));
    else {
      report.add(findingOf('objects.alternate', where));
      found.push(path);
    }
  }
  return found;
}

/** A place within the repository, as findings name it: beginning at `.git` or at the root. */
function relativeTo({ gitDir, commonDir, bounds }: Layout, path: string): string {
  for (const base of [commonDir, gitDir, ...bounds]) {
    if (path.startsWith(`${base}/`)) return path.slice(base.length + 1);
  }
  return '(outside)';
}
