import type { JobPlace } from '../job.ts';
import type { Skipped } from '../results.ts';
import type { Directory } from '../walk/directory.ts';
import { type Hiding, type HidingBudget, hidingIn, newHidingBudget } from '../walk/hiding.ts';
import type { Budget, TreeOptions } from '../walk/tree.ts';
import type { Destination, WalkRules } from '../walk/walk.ts';
import { refuse } from '../../guard/index.ts';

/** What an operation needs of the worker around it. */
export interface Work {
  /** Walks to a place. The caller closes what it gets. */
  open(place: JobPlace): Destination;
  /** Throws when the call was cancelled or its time is over. Called between small pieces of work. */
  pause(): void;
  /** True when the time for walking has passed and the answer has to be put together. */
  late(): boolean;
  progress(done: number): void;
}

/** Walks to a directory, and lets go of it after the work. */
export function inDirectory<Value>(
  work: Work,
  place: JobPlace,
  use: (directory: Directory, rules: WalkRules) => Value,
): Value {
  const destination = work.open(place);
  try {
    if (destination.kind === 'file') return refuse('path.not_a_directory');
    return use(destination.directory, destination.rules);
  } finally {
    destination.close();
  }
}

/**
 * Reads the ignore files above a directory, down from its root, as git does. They decide what is shown
 * and never what may be read, so a race between these looks and the walk matters to nobody.
 */
function hidingAbove(
  work: Work,
  place: JobPlace,
  { names }: Directory,
  budget: HidingBudget,
): readonly Hiding[] {
  const hiding: Hiding[] = [];
  for (const depth of names.keys()) {
    const above = { ...place, steps: names.slice(0, depth) };
    const there = { above: hiding, lead: names.slice(depth), depth: 0 };
    hiding.push(
      ...inDirectory(work, above, (directory, rules) => hidingIn(directory, there, rules, budget)),
    );
  }
  return hiding;
}

/** What a walk needs to know of ignore files. */
export function hidingFor(
  work: Work,
  job: JobPlace & { readonly ignored: boolean },
  directory: Directory,
): Pick<TreeOptions, 'ignored' | 'hiding' | 'hidingBudget'> {
  const hidingBudget = newHidingBudget();
  const hiding = job.ignored ? [] : hidingAbove(work, job, directory, hidingBudget);
  return { ignored: job.ignored, hiding, hidingBudget };
}

export function nothingSkipped(): Skipped {
  return {
    denied: 0,
    ignored: 0,
    deep: 0,
    large: 0,
    binary: 0,
    notUtf8: 0,
    special: 0,
    unreadable: 0,
    capped: 0,
  };
}

export function newBudget(work: Work): Budget {
  return {
    spent: 0,
    over: false,
    pause: () => work.pause(),
    late() {
      work.pause();
      return work.late();
    },
  };
}
