import { fromVisible, toVisibleName, type Trusted } from '@secure-mcp/validation';

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
  if (PLAIN.test(text)) return text as Name;
  if (!BYTES) return fromVisible(text) as Name;
  return text
    .split(/\\x\{([0-9A-F]{2})\}/)
    .map((part, index) =>
      index % 2 === 0
        ? Buffer.from(fromVisible(part), 'utf8').toString('latin1')
        : String.fromCharCode(Number.parseInt(part, 16)),
    )
    .join('') as Name;
}

/** A name from the disk itself. Directory entries cannot hold a separator, and are no path. */
export function nameFromDisk(entry: string): Name {
  return entry as Name;
}

/** Writes a name so that a caller sees all of it and can send it back. */
export function textFromName(name: Name): string {
  return PLAIN.test(name) ? name : toVisibleText(name);
}

/** A name as Unicode text for matching against globs; raw bytes that are no text become U+FFFD. */
export function matchableName(name: Name): string {
  if (PLAIN.test(name)) return name;
  const text = BYTES ? Buffer.from(name, 'latin1').toString('utf8') : name;
  return text.normalize('NFC');
}

function toVisibleText(name: Name): string {
  if (!BYTES) return toVisibleName(name);
  const bytes = Buffer.from(name, 'latin1');
  const text = decode(bytes);
  if (text !== undefined) return toVisibleName(text);
  let visible = '';
  // Characters are shown together, or an escape that is part of the name would not be seen as one.
  let run = '';
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    if (character === undefined) {
      visible += `${toVisibleName(run)}\\x{${(bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`;
      run = '';
    } else run += character;
    at += character === undefined ? 1 : Buffer.byteLength(character);
  }
  return visible + toVisibleName(run);
}

/** The one character that begins at a byte, when the bytes there are valid UTF-8. */
function characterAt(bytes: Buffer, at: number): string | undefined {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    const character = decode(bytes.subarray(at, at + length));
    if (character !== undefined) return character;
  }
  return undefined;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
