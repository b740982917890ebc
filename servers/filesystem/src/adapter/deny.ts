import { compileGlobs, type GlobSet } from '@secure-mcp/validation/patterns';

import { matchableName, type Name } from '../guard/index.ts';

/** Which names stay closed. */
export interface DenyRules {
  /** Judges the last name of a path; a walk asks for each name on its way, so a denied directory closes all beneath it. */
  denies(directory: readonly Name[], name: Name): boolean;
}

export interface DenyGlobs {
  /** Names that are closed by default. */
  readonly usual: readonly string[];
  /** What the operator opens among the usual ones, and nothing else. */
  readonly allow: readonly string[];
  /** What the operator and the caller's policy close. Nothing lifts these. */
  readonly closed: readonly string[];
}

/**
 * Compiles the rules. Case never matters: `.ENV` is `.env` on many disks, and refusing one name too
 * many on the others harms nobody.
 */
export function compileDeny(globs: DenyGlobs): DenyRules {
  const usual = matcher(globs.usual);
  const allowed = matcher(globs.allow);
  const closed = matcher(globs.closed);
  return {
    denies(directory, name) {
      const last = matchableName(name);
      const path = lazily(() => folded([...directory.map(matchableName), last].join('/')));
      return closed(last, path) || (usual(last, path) && !allowed(last, path));
    },
  };
}

type Matcher = (name: string, path: () => string) => boolean;

/** Names seen at most before the memory of verdicts starts anew: a tree repeats few names, an attacker none. */
const REMEMBERED_MAX = 10_000;

/**
 * A glob without a slash judges a name alone. One with slashes is asked only where its last part fits
 * the name: most names fit none, and then no path has to be put together.
 */
function matcher(written: readonly string[]): Matcher {
  // `private/` means the directory, as in an ignore file.
  const globs = written.map((glob) => folded(glob).replace(/(?<=[^/])\/+$/, ''));
  const paths = globs.filter((glob) => glob.includes('/'));
  const names = remembered(compile(globs.filter((glob) => !glob.includes('/'))));
  const lastParts = remembered(compile(paths.map(lastPartOf)));
  const whole = compile(paths);
  return (name, path) => names(name) || (lastParts(name) && whole.matches(path()).length > 0);
}

/**
 * A text as the disks compare it that see no difference where people see none: NFC, without characters
 * that draw nothing (CVE-2014-9390), `\u00DF` as `ss` and a ligature as its letters. The engine folds the rest.
 */
function folded(text: string): string {
  if (!/\P{ASCII}/u.test(text)) return text;
  const drawn = text.replace(/\p{DI}/gu, '').normalize('NFC');
  return drawn.replace(/\P{ASCII}/gu, (letter) => {
    const letters = letter.toLowerCase().toUpperCase();
    return letters.length > letter.length ? letters : letter;
  });
}

/** What a glob's last name has to fit. A slash inside braces or brackets ends no name. */
function lastPartOf(glob: string): string {
  const slash = glob.lastIndexOf('/');
  const isWhole = !/[{[\\]/.test(glob.slice(0, slash));
  const last = glob.slice(slash + 1);
  return isWhole && last !== '' ? last : '*';
}

function remembered(set: GlobSet): (name: string) => boolean {
  if (set.size === 0) return () => false;
  const verdicts = new Map<string, boolean>();
  return (name) => {
    let verdict = verdicts.get(name);
    if (verdict === undefined) {
      if (verdicts.size >= REMEMBERED_MAX) verdicts.clear();
      verdict = set.matches(folded(name)).length > 0;
      verdicts.set(name, verdict);
    }
    return verdict;
  };
}

/** The globs were checked when the server started, so a malformed one here is a fault. */
function compile(globs: readonly string[]): GlobSet {
  const set = compileGlobs(globs, { ignoreCase: true });
  if (set.malformed.length > 0) throw new TypeError('a deny glob is malformed');
  return set;
}

function lazily<Value>(make: () => Value): () => Value {
  let value: { readonly made: Value } | undefined;
  return () => (value ??= { made: make() }).made;
}
