import type { Trusted } from '@secure-mcp/validation';

import type { TreePath } from './path.ts';
import type { Needle } from './needle.ts';
import type { Oid } from './oid.ts';
import type { RefName } from './ref-name.ts';

/**
 * One word of a command of git.
 *
 * git reads options anywhere among its arguments, takes long options by their beginnings, and some of
 * them write files or run programs (`--output=`, `--open-files-in-pager`). Looking for bad words in a
 * caller's text has failed again and again (CVE-2025-68144, CVE-2026-28291, CVE-2026-6951), so none is
 * looked for: a word is written here, or it is made from a value that can be no option.
 */
export type Argument = Trusted<string, 'Argument'>;

/** A word of ours. Only a literal compiles: a text that came from somewhere has the type `string`. */
export function word<const Word extends string>(
  text: string extends Word ? never : Word,
): Argument {
  return text as string as Argument;
}

/** An object's full name. */
export function object(oid: Oid): Argument {
  return oid as string as Argument;
}

/** Two objects as a range: `a..b`, or `a...b` for what is on one side only. */
export function range(from: Oid, dots: '..' | '...', to: Oid): Argument {
  return `${from}${dots}${to}` as Argument;
}

/** All of an object's history but that of another: `^oid`. */
export function without(oid: Oid): Argument {
  return `^${oid}` as Argument;
}

/** An option of ours and its value in one word, so that the value cannot be read as another option. */
export function option<const Name extends `--${string}=` | `-${string}`>(
  name: string extends Name ? never : Name,
  value: number | Oid | Needle | RefName,
): Argument {
  return `${name as string}${String(value)}` as Argument;
}

/** A ref's full name: it begins with `refs/`, or is `HEAD`. */
export function ref(name: RefName): Argument {
  return name as string as Argument;
}

/** Paths, after the word that ends the options. Pathspecs are literal for every command (policy.ts). */
export function paths(those: readonly TreePath[]): readonly Argument[] {
  return [word('--'), ...those.map((path) => path as string as Argument)];
}
