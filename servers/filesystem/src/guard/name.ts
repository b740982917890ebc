import {
  byteStringFromText,
  fromVisible,
  textFromByteString,
  toVisibleName,
  type Trusted,
} from '@secure-mcp/validation';

/**
 * The exact name of one directory entry, as the platform stores it: a binary string (one character
 * for each byte) on POSIX, a string of UTF-16 units on Windows.
 *
 * A file name need not be UTF-8. Reading it as text would turn `caf\xe9` into `caf\ufffd`, which names
 * nothing, or something else.
 *
 * Not promised: that anything of this name exists.
 */
export type Name = Trusted<string, 'Name'>;

const BYTES = process.platform !== 'win32';
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** True for a name that is the same in every encoding. */
export function isAscii(name: Name): boolean {
  return !/[^\p{ASCII}]/u.test(name);
}

/** Reads a name as a caller wrote it: text, `\u{HEX}` for a hidden character, `\x{HH}` for a raw byte. */
export function nameFromText(text: string): Name {
  return (BYTES ? byteStringFromText(text) : fromVisible(text)) as Name;
}

/** A name from the disk itself. Directory entries cannot hold a separator, and are no path. */
export function nameFromDisk(entry: string): Name {
  return entry as Name;
}

/** Writes a name so that a caller sees all of it and can send it back. */
export function textFromName(name: Name): string {
  return BYTES ? textFromByteString(name) : toVisibleName(name);
}

/** A name as Unicode text for matching against globs; raw bytes that are no text become U+FFFD. */
export function matchableName(name: Name): string {
  if (PLAIN.test(name)) return name;
  const text = BYTES ? Buffer.from(name, 'latin1').toString('utf8') : name;
  return text.normalize('NFC');
}
