import { indexPathProblem } from '../../guard/layout/index.ts';
import type { IndexFacts } from '../handle.ts';
import { findingOf, type Report } from './report.ts';

/** Reads what `git ls-files -z -v --stage` prints: `H 100644 <oid> 0\t<path>`. */
export interface IndexScan {
  /** False when something was found that refuses: there is no need to see the rest. */
  take(piece: Buffer): boolean;
  readonly facts: IndexFacts;
}

/** `a` and `m` to `s`: git writes the letter small when a path is assumed to be unchanged. */
const ASSUMED = /^[a-z]/;
/** A path that no system reads otherwise: most are, and the guard need not take them apart. */
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/;
const MODE = 2;

export function createIndexScan(report: Report): IndexScan {
  const facts = { entries: 0, assumeUnchanged: 0, skipWorktree: 0, submodules: 0 };
  let carry = '';
  const takeEntry = (entry: string): boolean => {
    const path = entry.slice(entry.indexOf('\t') + 1);
    facts.entries += 1;
    const isAssumed = ASSUMED.test(entry);
    const isSubmodule = entry.startsWith('160000', MODE);
    if (isSubmodule) facts.submodules += 1;
    else if (isAssumed) facts.assumeUnchanged += 1;
    if (entry.startsWith('S ') || entry.startsWith('s ')) facts.skipWorktree += 1;
    // All are marked (index-file.ts), but those in a directory that a sparse index holds as one entry. git
    // makes no such entry: somebody did, so that git looks at the submodule all the same.
    if (isSubmodule && !isAssumed) {
      report.add(findingOf('index.broken', path));
      return false;
    }
    if (PLAIN.test(path) || indexPathProblem(path) === undefined) return true;
    report.add(findingOf('index.path', path));
    return false;
  };
  return {
    take(piece) {
      const entries = (carry + piece.toString('latin1')).split('\0');
      carry = entries.pop() ?? '';
      return entries.every(takeEntry);
    },
    facts,
  };
}
