import { type BigIntStats, lstatSync } from 'node:fs';

import { indexPathProblem } from '../../guard/layout/index.ts';

/** Which paths of a work tree git may open. */
export interface Ways {
  /**
   * True when a path of git's output, as bytes, leads out: over a link, by `..`, or into `.git`. git looks
   * for links in some places only. It opens a conflict's file without looking, and in the place of an
   * object what stands at its path, if the index says that it has the same time and size.
   */
  leadsOut(path: string): boolean;
  /** True when something else than a file or a link stands there: git takes a directory for a repository. */
  isSpecial(path: string): boolean;
}

/** Directories that are remembered. */
const KNOWN_MAX = 10_000;

/** Asks the work tree as it is now: for one command. */
export function createWays(workTree: string): Ways {
  const known = new Map<string, boolean>();
  const isPlain = (directory: string): boolean => {
    const before = known.get(directory);
    if (before !== undefined) return before;
    const stats = statsAt(workTree, directory);
    // Where nothing is, nothing is opened. What is no directory ends the way, and leads nowhere.
    const plain = stats !== 'unreadable' && stats?.isSymbolicLink() !== true;
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(directory, plain);
    return plain;
  };
  return {
    leadsOut(path) {
      if (indexPathProblem(path) !== undefined) return true;
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
        if (!isPlain(path.slice(0, at))) return true;
      }
      return false;
    },
    isSpecial(path) {
      const stats = statsAt(workTree, path);
      if (stats === 'unreadable') return true;
      return stats !== undefined && !stats.isFile() && !stats.isSymbolicLink();
    },
  };
}

/** Only what is surely not there counts as absent: git's own path is shorter, and may be short enough. */
function statsAt(workTree: string, path: string): BigIntStats | 'unreadable' | undefined {
  const bytes = Buffer.concat([Buffer.from(`${workTree}/`), Buffer.from(path, 'latin1')]);
  try {
    return lstatSync(bytes, { bigint: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'unreadable';
  }
}
