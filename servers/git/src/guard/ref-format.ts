import { fromVisible, toVisibleName } from '@secure-mcp/validation';

/**
 * What no name of a ref may hold, as `git check-ref-format` has it: control characters, a space, what
 * the grammar of revisions uses, `..`, `@{`, empty components and those that begin with a dot, `.lock`.
 */
const NO_REF =
  /[^\x21-\x7e\x80-\uffff]|[~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|^[./]|[./]$|^@?$/;

/**
 * True for what git takes as the name of a ref, of one component or more. The text can be Unicode or a
 * binary string: all that is forbidden is ASCII.
 */
export function isRefFormat(name: string): boolean {
  return !NO_REF.test(name);
}

/**
 * Reads a name as a caller wrote it, or says undefined.
 *
 * Stricter than git: nothing that is read as an option (`refs/heads/--output=x` is a valid ref), no
 * space of any kind, and a hidden character only in its visible form, `\u{HEX}`. A name that needs more
 * can be reached by the id of its object.
 */
export function parseName(text: string): string | undefined {
  const name = fromVisible(text);
  if (name.startsWith('-') || /[\p{Z}\p{Cc}\p{Cs}]/u.test(name)) return undefined;
  // What is hidden has one spelling, so that a name is what it looks like.
  return isRefFormat(name) && toVisibleName(name) === text ? name : undefined;
}
