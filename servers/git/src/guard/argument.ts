import { isUtf8 } from 'node:buffer';

import type { Trusted } from '@secure-mcp/validation';

import type { Ere } from './ere.ts';
import type { Needle } from './needle.ts';
import type { Oid } from './oid.ts';
import { TOP, type TreePath } from './path.ts';
import type { RefName } from './ref-name.ts';
import { refuse } from './refusals.ts';

/**
 * One word of a command of git.
 *
 * git reads options anywhere among its arguments, takes long options by their beginnings, and some of
 * them write files or run programs (`--output=`, `--open-files-in-pager`). Looking for bad words in a
 * caller's text has failed again and again (CVE-2025-68144, CVE-2026-28291, CVE-2026-6951), so none is
 * looked for: a word is written here, or it is made from a value that can be no option.
 */
export type Argument = Trusted<string, 'Argument'>;

/**
 * A text that stands in our source as it is. What came from somewhere has the type `string`, and what it
 * was pasted into a type such as `--grep=${string}`; both would be index signatures as keys of a record,
 * which an object without keys satisfies.
 */
type Literal<Word extends string> =
  { readonly ''?: never } extends Record<Word, unknown> ? never : Word;

/** A word of ours. Only a literal compiles. */
export function word<const Word extends string>(text: Literal<Word>): Argument {
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

type Letter =
  'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm' | 'n' | 'o';
type LaterLetter = 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z';
type AnyLetter = Letter | LaterLetter;
/** With a letter, or a bare dash would make an option of the value. */
type OptionName = `--${AnyLetter}${string}=` | `-${AnyLetter | Uppercase<AnyLetter>}`;

/** An option of ours and its value in one word, so that the value cannot be read as another option. */
export function option<const Name extends OptionName>(
  name: Literal<Name>,
  value: number | Oid | Needle | Ere | RefName,
): Argument {
  return `${name as string}${String(value)}` as Argument;
}

/** Lines of a file as `blame` takes them, both counted in. In a text the same option reads expressions. */
export function lineRange(first: number, last: number): Argument {
  return `-L${String(Math.trunc(first))},${String(Math.trunc(last))}` as Argument;
}

/** A ref's full name: it begins with `refs/`, or is `HEAD`. */
export function ref(name: RefName): Argument {
  return name as string as Argument;
}

/**
 * Paths, after the word that ends the options; none for everything. That word is not enough: `rev-list` of
 * git 2.50 and newer looks for `-z` behind it as well, so no path begins with a dash. Pathspecs are literal
 * for every command (policy.ts). Refuses `path.encoding`: Node writes arguments as UTF-8, so other bytes would
 * arrive as another name.
 */
export function paths(those: readonly TreePath[]): readonly Argument[] {
  // The top holds everything, whatever stands beside it; git takes no empty pathspec.
  const limits = those.includes(TOP) ? [] : those;
  return [word('--'), ...limits.map((path) => noOption(utf8Of(path)) as Argument)];
}

function noOption(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

function utf8Of(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : refuse('path.encoding');
}
