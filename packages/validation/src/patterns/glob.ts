import { RE2JS, RE2Set } from 're2js';

import { globToExpression } from './glob-syntax.ts';

export interface GlobOptions {
  readonly ignoreCase?: boolean;
}

/**
 * What one set may remember of its own states. The engine would keep 8 MiB for each set, and a walk
 * holds one for every ignore file in force; a set that forgets is slower and answers the same.
 */
const CACHE_BYTES_MAX = 1_048_576;

/** Many globs matched in one pass over a path. */
export interface GlobSet {
  /** The positions of the globs that match, among those that were given. */
  matches(path: string): readonly number[];
  /** Globs that can match. */
  readonly size: number;
  /** The positions of the globs that could not be understood, and match nothing. */
  readonly malformed: readonly number[];
}

/**
 * Compiles globs that match whole paths relative to one directory.
 *
 * A glob without a slash matches a name at any depth, as in an ignore file.
 */
export function compileGlobs(globs: readonly string[], options: GlobOptions = {}): GlobSet {
  const flags = RE2JS.DOTALL | (options.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0);
  const set = new RE2Set(RE2Set.ANCHOR_BOTH, flags, CACHE_BYTES_MAX);
  const positions: number[] = [];
  const malformed: number[] = [];
  for (const [position, glob] of globs.entries()) {
    if (added(set, glob)) positions.push(position);
    else malformed.push(position);
  }
  const size = positions.length;
  if (size === 0) return { size, malformed, matches: () => [] };
  set.compile();
  const matches = (path: string): number[] =>
    set.match(path).map((index) => positions[index] ?? -1);
  return { size, malformed, matches };
}

function added(set: RE2Set, glob: string): boolean {
  const expression = globToExpression(glob);
  if (expression === undefined) return false;
  const anchored = glob.slice(0, -1).includes('/');
  try {
    set.add(anchored ? expression.replace(/^\\\//, '') : `(?:.*/)?${expression}`);
    return true;
  } catch {
    // A class that the engine knows and our syntax does not.
    return false;
  }
}
