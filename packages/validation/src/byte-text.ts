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

/**
 * Writes a name on one line so that a caller sees all of it and can send it back.
 *
 * The time is linear in the length of the name, with no exception for a byte that is no UTF-8: a name
 * of megabytes that holds nothing else would otherwise stop a server for a minute.
 */
export function textFromByteString(name: string): string {
  if (PLAIN.test(name)) return name;
  // A list, because a text that grows by a few letters a million times is a tree of a million nodes.
  const pieces: string[] = [];
  // Characters are shown together, or an escape that is part of the name would not be seen as one.
  let run = 0;
  for (let at = 0; at < name.length;) {
    CHARACTERS.lastIndex = at;
    if (CHARACTERS.test(name)) {
      at = CHARACTERS.lastIndex;
      continue;
    }
    if (run < at) pieces.push(shown(name.slice(run, at)));
    pieces.push(escapeOf(name.charCodeAt(at)));
    at += 1;
    run = at;
  }
  pieces.push(shown(name.slice(run)));
  return pieces.join('');
}

/**
 * ASCII, or one character of well-formed UTF-8 (The Unicode Standard, table 3-7): no overlong form, no
 * surrogate, nothing above U+10FFFF.
 */
const CHARACTERS =
  /[\0-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}/y;

function shown(utf8: string): string {
  return toVisibleName(Buffer.from(utf8, 'latin1').toString('utf8'));
}

function escapeOf(byte: number): string {
  return `\\x{${byte.toString(16).toUpperCase()}}`;
}
