import { compileGlobs, type GlobSet } from '@secure-mcp/validation/patterns';

import { LIMITS } from '../policy.ts';

/** What one ignore file says of a path beneath its directory. */
export interface IgnoreRules {
  /** `undefined` when no rule matches, and the files above decide. */
  verdict(path: string, isDirectory: boolean): boolean | undefined;
}

interface Rule {
  readonly glob: string;
  readonly ignores: boolean;
  readonly directoriesOnly: boolean;
}

/**
 * Compiles a `.gitignore` (gitignore(5)).
 *
 * The file comes with the data and is as untrusted as the data: one line of twenty double stars stops
 * a backtracking matcher for ever. Here the size, the number of rules and the engine's time are bounded.
 */
export function compileIgnore(text: string): IgnoreRules | undefined {
  const rules = text.split('\n', LIMITS.ignoreRulesMax).flatMap(parseRule);
  if (rules.length === 0) return undefined;
  const everywhere = compileGlobs(rules.map(({ glob }) => glob));
  return everywhere.size === 0
    ? undefined
    : { verdict: (path, isDirectory) => judge(rules, everywhere, path, isDirectory) };
}

/** The last rule that matches decides. */
function judge(
  rules: readonly Rule[],
  set: GlobSet,
  path: string,
  isDirectory: boolean,
): boolean | undefined {
  let last = -1;
  for (const position of set.matches(path)) {
    if (position > last && (isDirectory || rules[position]?.directoriesOnly === false))
      last = position;
  }
  return rules[last]?.ignores;
}

function parseRule(line: string): readonly Rule[] {
  let text = line.replace(/\r$/, '').replace(/(?<!\\) +$/, '');
  if (text === '' || text.startsWith('#')) return [];
  const ignores = !text.startsWith('!');
  if (!ignores) text = text.slice(1);
  const directoriesOnly = text.endsWith('/');
  const glob = directoriesOnly ? text.slice(0, -1) : text;
  return glob === '' ? [] : [{ glob, ignores, directoriesOnly }];
}
