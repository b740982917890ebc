/**
 * Names as git writes them on a line of their own: as they are, or between double quotes with C's
 * escapes when a byte of them could be taken for something else.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
};

/** True for a name that git put between quotes. A name that begins with one is quoted itself. */
export function isQuoted(written: string): boolean {
  return written.startsWith('"');
}

/** The bytes of a name, as a binary string. */
export function unquoted(written: string): string {
  if (!isQuoted(written)) return written;
  return written
    .slice(1, -1)
    .replace(/\\(?:([0-3][0-7]{2})|(.))/gs, (_, octal: string | undefined, letter: string) =>
      octal === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(parseInt(octal, 8)),
    );
}

/** The name as it stands in the header of a patch: with `a/` or `b/` before it, within the quotes. */
export function withPrefix(prefix: 'a/' | 'b/', written: string): string {
  return isQuoted(written) ? `"${prefix}${written.slice(1)}` : prefix + written;
}
