import { type Name, nameFromDisk } from '../../guard/index.ts';
import { LIMITS } from '../../policy.ts';
import { compileIgnore, type IgnoreRules } from '../ignore.ts';
import { readIgnoreFile } from '../read/ignore-file.ts';
import type { Directory } from './directory.ts';
import type { WalkRules } from './walk.ts';

/** One ignore file that is in force in a walk. */
export interface Hiding {
  readonly rules: IgnoreRules;
  /** Names from the file's directory down to where the walk began; empty for a file found on the walk. */
  readonly lead: readonly Name[];
  /** Steps of the walk that lie above the file's directory. */
  readonly depth: number;
  /** Characters that were compiled. */
  readonly size: number;
}

/**
 * What all ignore files of one walk may cost together. They come with the data: a thousand patterns of
 * stars in each of sixty directories would cost more than the walk, however linear each of them is.
 */
export interface HidingBudget {
  /** Time that may still be spent, in milliseconds. */
  ms: number;
}

export function newHidingBudget(): HidingBudget {
  return { ms: LIMITS.ignoreMs };
}

export const IGNORE_FILE = nameFromDisk('.gitignore');

/** Reads the ignore file of a directory, if it has one and those above it leave room and time for it. */
export function hidingIn(
  directory: Directory,
  place: Pick<Hiding, 'lead' | 'depth'> & { readonly above: readonly Hiding[] },
  walk: WalkRules,
  budget: HidingBudget,
): readonly Hiding[] {
  const { above, lead, depth } = place;
  if (budget.ms <= 0) return [];
  const started = performance.now();
  const text = readIgnoreFile(directory, IGNORE_FILE, walk) ?? '';
  const inForce = above.reduce((sum, { size }) => sum + size, text.length);
  const rules = inForce > LIMITS.ignoreCharactersMax ? undefined : compileIgnore(text);
  budget.ms -= performance.now() - started;
  return rules === undefined ? [] : [{ rules, lead, depth, size: text.length }];
}

/** The ignore file nearest to the entry decides, as in git. Nothing is hidden once the budget is used up. */
export function isHidden(
  hiding: readonly Hiding[],
  steps: readonly Name[],
  isDirectory: boolean,
  budget: HidingBudget,
): boolean {
  if (steps.at(-1) === '.git') return true;
  if (hiding.length === 0 || budget.ms <= 0) return false;
  const started = performance.now();
  const verdict = verdictOf(hiding, steps, isDirectory);
  budget.ms -= performance.now() - started;
  return verdict;
}

function verdictOf(
  hiding: readonly Hiding[],
  steps: readonly Name[],
  isDirectory: boolean,
): boolean {
  for (const { rules, lead, depth } of hiding.toReversed()) {
    const verdict = rules.verdict([...lead, ...steps.slice(depth)].join('/'), isDirectory);
    if (verdict !== undefined) return verdict;
  }
  return false;
}
