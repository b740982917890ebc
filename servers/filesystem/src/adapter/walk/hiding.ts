import { type Name, nameFromDisk } from '../../guard/index.ts';
import { compileIgnore, type IgnoreRules } from '../ignore.ts';
import { readIgnoreFile } from '../read/ignore-file.ts';
import type { Directory } from './directory.ts';

/** One ignore file that is in force in a walk. */
export interface Hiding {
  readonly rules: IgnoreRules;
  /** Names from the file's directory down to where the walk began; empty for a file found on the walk. */
  readonly lead: readonly Name[];
  /** Steps of the walk that lie above the file's directory. */
  readonly depth: number;
}

export const IGNORE_FILE = nameFromDisk('.gitignore');

/** Reads the ignore file of a directory, if it has one. */
export function hidingIn(
  directory: Directory,
  place: Pick<Hiding, 'lead' | 'depth'>,
): readonly Hiding[] {
  const text = readIgnoreFile(directory, IGNORE_FILE);
  const rules = text === undefined ? undefined : compileIgnore(text);
  return rules === undefined ? [] : [{ rules, ...place }];
}

/** The ignore file nearest to the entry decides, as in git. */
export function isHidden(
  hiding: readonly Hiding[],
  steps: readonly Name[],
  name: Name,
  isDirectory: boolean,
): boolean {
  if (name === '.git') return true;
  for (const { rules, lead, depth } of hiding.toReversed()) {
    const verdict = rules.verdict([...lead, ...steps.slice(depth)].join('/'), isDirectory);
    if (verdict !== undefined) return verdict;
  }
  return false;
}
