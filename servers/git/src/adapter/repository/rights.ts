import type { RepositoryId } from '../../guard/repository-id.ts';
import type { Root } from '../../policy.ts';
import { isWithin, type Located, locate } from './layout.ts';
import { hostBytes } from './plain-tree.ts';
import { findingOf } from './report.ts';

/** What one caller may use of all that is served. */
export interface Rights {
  readonly served: readonly Root[];
  /** Names of roots. */
  readonly granted: readonly string[];
}

/**
 * {@link locate} for one caller. A linked work tree brings the whole repository along that it belongs to.
 * Where that one lies in a root that the operator serves by a name of its own, the caller needs that name:
 * the right to a work tree would otherwise be one to everything that was ever committed beside it.
 */
export function locateFor(
  { served, granted }: Rights,
  root: Root,
  steps: RepositoryId['steps'],
): Located {
  const located = locate(root, steps);
  if (located.kind !== 'found' || isWithin([root.path], located.layout.commonDir)) return located;
  const holding = served.filter(({ path }) => isWithin([path], located.layout.commonDir));
  if (holding.length === 0 || holding.some(({ name }) => granted.includes(name))) return located;
  return { kind: 'refused', finding: findingOf('layout.gitfile', hostBytes('.git')) };
}
