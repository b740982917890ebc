import { fromVisible, toVisibleName } from './visible.ts';

/**
 * Names that are bytes: of files on POSIX, of refs and paths in git. They are held as binary strings,
 * one character for each byte, because reading them as text would turn `caf\xe9` into `caf\ufffd`,
 * which names nothing, or something else.
 */

const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** Reads a name as a caller wrote it: text, `\u{HEX}` for a hidden character, `\x{HH}` for a raw byte. */
export function byteStringFromText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .split(/\\x\{([0-9A-F]{2})\}/)
    .map((part, index) =>
      index % 2 === 0
        ? Buffer.from(fromVisible(part), 'utf8').toString('latin1')
        : String.fromCharCode(Number.parseInt(part, 16)),
    )
    .join('');
}

/** Writes a name on one line so that a caller sees all of it and can send it back. */
export function textFromByteString(name: string): string {
  if (PLAIN.test(name)) return name;
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
