import { closeSync } from 'node:fs';

import type { Name } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import type { Entry, Skipped } from '../results.ts';
import type { Directory } from './directory.ts';
import { type Entries, type Listed, readEntries } from './entries.ts';
import { type Hiding, type HidingBudget, hidingIn, IGNORE_FILE, isHidden } from './hiding.ts';
import type { WalkRules } from './walk.ts';

/** One entry of a tree, beneath the directory where the walk began. */
export interface TreeEntry {
  readonly directory: Directory;
  readonly name: Name;
  readonly steps: readonly Name[];
  readonly type: Entry['type'];
  readonly denied: boolean;
  /** Hidden by an ignore file. */
  readonly ignored: boolean;
  /** Why a directory is not entered. */
  readonly closed: Entry['closed'];
}

export interface TreeOptions {
  readonly rules: WalkRules;
  /** Directories are entered down to this depth; 1 is the first level. */
  readonly depth: number;
  /** Enters what ignore files and `.git` hide. */
  readonly ignored: boolean;
  /** What ignore files above the first directory say. */
  readonly hiding: readonly Hiding[];
  readonly hidingBudget: HidingBudget;
  /** The walk goes on behind this entry… */
  readonly after: readonly string[] | undefined;
  /** …or at it. */
  readonly inclusive: boolean;
  /** The entries of the first directory, where they are read already. */
  readonly first?: Entries;
  readonly budget: Budget;
  readonly skipped: Skipped;
}

/** What one walk may cost. */
export interface Budget {
  /** Entries looked at so far. */
  spent: number;
  /** True when the walk stopped early. */
  over: boolean;
  /** True when the time for walking has passed. Throws when the whole call is over. */
  late(): boolean;
  /** Throws when the whole call is over. */
  pause(): void;
}

/** Entries between two looks at whether the call is over. */
const STRIDE = 256;

/** One directory on the way down. */
interface Level {
  readonly directory: Directory;
  readonly steps: readonly Name[];
  readonly entries: readonly Listed[];
  readonly hiding: readonly Hiding[];
  /** What is left of the place to go on from, while this level lies on its way. */
  after: readonly string[];
  at: number;
}

/**
 * Walks a tree in the order of its paths: each directory sorted by name, each subdirectory right
 * after its own entry. Any place in that order is given by a path, so a page can begin there without
 * the server remembering anything.
 *
 * No link is followed. The depth is bounded and the stack is explicit, so a tree of 5,000 levels
 * costs 64 open directories and no recursion.
 */
export function* walkTree(base: Directory, options: TreeOptions): Generator<TreeEntry> {
  const levels: Level[] = [openLevel(base, [], options.hiding, options.after ?? [], options)];
  const leave = (): void => {
    const left = levels.pop()?.directory;
    if (left !== base) left?.close();
  };
  try {
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const visit = nextVisit(level, options);
      if (visit === undefined) {
        leave();
        continue;
      }
      if (visit.fresh) yield visit.entry;
      if (!visit.enters) continue;
      if (visit.fresh && isSpent(options.budget)) return;
      const below = enter(level, visit, options);
      if (below !== undefined) levels.push(below);
    }
  } finally {
    while (levels.length > 0) leave();
  }
}

interface Visit {
  readonly entry: TreeEntry;
  /** False for what an earlier page gave out, and which is only passed through. */
  readonly fresh: boolean;
  readonly enters: boolean;
  /** Where to go on beneath the entry. */
  readonly after: readonly string[];
}

/** The next entry of a directory from the place to go on at; `undefined` at its end. */
function nextVisit(level: Level, options: TreeOptions): Visit | undefined {
  for (
    let listed = level.entries[level.at];
    listed !== undefined;
    listed = level.entries[level.at]
  ) {
    level.at += 1;
    if (level.at % STRIDE === 0) options.budget.pause();
    const [next, ...rest] = level.after;
    if (next !== undefined && listed.name < next) continue;
    level.after = [];
    const entry = judge(level, listed, options);
    const enters = entry.type === 'directory' && !entry.denied && entry.closed === undefined;
    const onTheWay = listed.name === next;
    const fresh = !onTheWay || (rest.length === 0 && options.inclusive);
    return { entry, fresh, enters, after: onTheWay ? rest : [] };
  }
  return undefined;
}

function isSpent(budget: Budget): boolean {
  budget.over ||= budget.spent >= LIMITS.walkEntriesMax || budget.late();
  return budget.over;
}

function judge(level: Level, { name, type }: Listed, options: TreeOptions): TreeEntry {
  const { directory } = level;
  const { skipped } = options;
  const steps = [...level.steps, name];
  const denied = options.rules.deny.denies(directory.names, name);
  const isDirectory = type === 'directory';
  const ignored =
    !options.ignored && !denied && isHidden(level.hiding, steps, isDirectory, options.hidingBudget);
  const deep = isDirectory && steps.length >= Math.min(options.depth, LIMITS.depthMax);
  if (denied) skipped.denied += 1;
  // One level is all that was asked for: nothing in it is passed over.
  else if (options.depth > 1) {
    if (ignored) skipped.ignored += 1;
    else if (deep) skipped.deep += 1;
  }
  const closed = isDirectory && !denied ? closedBy(ignored, deep) : undefined;
  return { directory, name, steps, type, denied, ignored, closed };
}

function closedBy(ignored: boolean, deep: boolean): Entry['closed'] {
  if (ignored) return 'ignored';
  return deep ? 'depth' : undefined;
}

function enter(level: Level, { entry, after }: Visit, options: TreeOptions): Level | undefined {
  const found = level.directory.look(entry.name);
  if (found.kind === 'directory') {
    return openLevel(found.directory, entry.steps, level.hiding, after, options);
  }
  if (found.kind === 'file') closeSync(found.descriptor);
  // It was a directory a moment ago; whatever it is now, the listing is not its place.
  options.skipped.unreadable += 1;
  return undefined;
}

function openLevel(
  directory: Directory,
  steps: readonly Name[],
  above: readonly Hiding[],
  after: readonly string[],
  options: TreeOptions,
): Level {
  const { budget, skipped, ignored, first } = options;
  const read = steps.length === 0 ? first : undefined;
  const { entries, more } = read ?? readEntries(directory, LIMITS.sortEntriesMax, skipped);
  if (more) {
    skipped.large += 1;
    budget.over = true;
  }
  // What was read only to find the place again is not charged, or a page could end before it begins.
  if (after.length === 0) budget.spent += entries.length;
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const isHiding =
    !ignored && entries.some(({ name, type }) => name === IGNORE_FILE && type === 'file');
  const place = { above, lead: [], depth: steps.length };
  const own = isHiding ? hidingIn(directory, place, options.rules, options.hidingBudget) : [];
  return { directory, steps, entries, hiding: [...above, ...own], after, at: 0 };
}
