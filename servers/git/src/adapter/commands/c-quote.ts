/**
 * Names as git writes them on a line of their own: as they are, or between double quotes with C's
 * escapes when a byte of them could be taken for something else.
 */

const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }).map(([letter, byte]) => [
    letter.charCodeAt(0),
    byte,
  ]),
);
const BACKSLASH = 0x5c;
const OCTAL = /^[0-3][0-7]{2}$/;

/** True for a name that git put between quotes. A name that begins with one is quoted itself. */
export function isQuoted(written: string): boolean {
  return written.startsWith('"');
}

/**
 * The bytes of a name, as a binary string. Byte by byte and in place: a replacement with a function for
 * each escape of a name of 60 KB, in hundreds of names, held the server for seconds.
 */
export function unquoted(written: string): string {
  if (!isQuoted(written)) return written;
  const bytes = Buffer.from(written.slice(1, -1), 'latin1');
  let to = 0;
  for (let at = 0; at < bytes.length; to += 1) {
    const { byte, length } = unitAt(bytes, at);
    bytes[to] = byte;
    at += length;
  }
  return bytes.toString('latin1', 0, to);
}

interface Unit {
  readonly byte: number;
  /** Bytes in which it is written. */
  readonly length: number;
}

function unitAt(bytes: Buffer, at: number): Unit {
  const byte = bytes[at] ?? 0;
  const next = bytes[at + 1];
  if (byte !== BACKSLASH || next === undefined) return { byte, length: 1 };
  const digits = bytes.toString('latin1', at + 1, at + 4);
  if (OCTAL.test(digits)) return { byte: Number.parseInt(digits, 8), length: 4 };
  return { byte: ESCAPES.get(next) ?? next, length: 2 };
}

/** The name as it stands in the header of a patch: with `a/` or `b/` before it, within the quotes. */
export function withPrefix(prefix: 'a/' | 'b/', written: string): string {
  return isQuoted(written) ? `"${prefix}${written.slice(1)}` : prefix + written;
}
