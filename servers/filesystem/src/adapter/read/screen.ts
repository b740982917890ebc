import {
  createKeyFollower,
  findSecrets,
  KEY_MARK,
  maskOf,
  maskSecrets,
  mayHoldSecrets,
  SECRET_CHARACTERS_MAX,
  withoutNuls,
} from '@secure-mcp/validation';

import type { TextLine } from './lines.ts';

/** A line without its secrets, as long as it was before. */
export interface Screened {
  readonly text: string;
  /** Secrets that were covered. */
  readonly hidden: number;
}

/**
 * Covers the secrets of a line, before anything cuts or matches it.
 *
 * A reader that may choose where a line begins and ends could otherwise cut a token so that no
 * pattern knows it, and a search could ask for it letter by letter. So whole lines are screened
 * first, and what is shown, cut and matched is what is left.
 */
export function screenLine({ text, isKey }: Pick<TextLine, 'text' | 'isKey'>): Screened {
  if (isKey) return covered(text, 'private-key');
  const plain = withoutNuls(text);
  if (plain === text) return masked(text);
  // Without its NULs a word can lose its beginning, so both readings are looked at.
  const [found] = [...findSecrets(plain), ...findSecrets(text)];
  return found === undefined ? { text, hidden: 0 } : covered(text, found.rule);
}

/** For a caller who may see secrets. */
export function openLine({ text }: Pick<TextLine, 'text'>): Screened {
  return { text, hidden: 0 };
}

export type ScreenLine = typeof screenLine;

function covered(line: string, rule: string): Screened {
  return { text: maskOf(line, rule), hidden: 1 };
}

function masked(line: string): Screened {
  const { text, rules } = maskSecrets(line);
  return { text, hidden: rules.length };
}

/** A whole text without its secrets, and where they were covered. */
export interface ScreenedText {
  readonly text: string;
  /** Covered secrets by line, counted from 1; absent for a clean text. */
  readonly hidden?: ReadonlyMap<number, number>;
}

/**
 * Screens a text that is in memory. Most texts are clean and come back as they are; one with more
 * secrets than a person would write does not come back at all.
 */
export function screenText(text: string): ScreenedText | undefined {
  if (!text.includes('\0') && !mayHoldSecrets(text)) return { text };
  const key = createKeyFollower();
  const hidden = new Map<number, number>();
  let total = 0;
  let shown = '';
  let from = 0;
  let number = 0;
  // Only covered lines are put together anew: a text of eight million lines must not become as many strings.
  for (let at = 0; at <= text.length;) {
    const feed = text.indexOf('\n', at);
    const end = feed < 0 ? text.length : feed;
    const line = text.slice(at, end);
    key.feed(line);
    const screened = screenLine({ text: line, isKey: key.endLine() });
    number += 1;
    if (screened.hidden > 0 && line !== '') {
      total += screened.hidden;
      if (total > COVERED_MAX) return undefined;
      hidden.set(number, screened.hidden);
      shown += text.slice(from, at) + screened.text;
      from = end;
    }
    at = end + 1;
  }
  return { text: shown + text.slice(from), hidden };
}

/** Secrets in one file at most. No file that anybody wrote has more, and each costs memory. */
const COVERED_MAX = 10_000;

/**
 * Screens the end of a file that was not read from its beginning: what meets the end of a key before
 * any beginning started inside the key.
 */
export function screenEnd(lines: readonly TextLine[]): readonly (TextLine & Screened)[] {
  const marks = lines.map(({ text }) => [...withoutNuls(text).matchAll(KEY_MARK)][0]?.[1]);
  const first = marks.findIndex((mark) => mark !== undefined);
  const inside = marks[first] === 'END' ? first : -1;
  return lines.map((line, index) => ({
    ...line,
    ...screenLine({ text: line.text, isKey: line.isKey || index <= inside }),
  }));
}

/** True when a window of bytes would show a part of a secret that stands in the bytes around it. */
export function holdsSecret(
  bytes: Buffer,
  window: { readonly start: number; readonly end: number },
): boolean {
  const isShown = ({ start, end }: { start: number; end: number }): boolean =>
    start < window.end && end > window.start;
  if (findSecrets(bytes.toString('latin1')).some(isShown)) return true;
  // Where a secret of UTF-16 stands is not known without its NULs, so any of them counts.
  for (let from = 0; from < bytes.length && bytes.includes(0, from); from += WIDE_PIECE) {
    const piece = bytes.subarray(from, from + WIDE_PIECE + WIDE_MARGIN);
    if (findSecrets(bytesWithoutNuls(piece)).length > 0) return true;
  }
  return false;
}

/** Bytes that are freed of their NULs at once: all of a file would be memory of its own size, twice. */
const WIDE_PIECE = 1_048_576;
/** The longest secret, in letters of four bytes. */
const WIDE_MARGIN = 4 * SECRET_CHARACTERS_MAX;
/** One for each thread: what is looked at leaves no garbage of its own size behind. */
const KEPT = Buffer.allocUnsafe(WIDE_PIECE + WIDE_MARGIN);

function bytesWithoutNuls(piece: Buffer): string {
  let length = 0;
  for (let at = 0; at < piece.length; at += 1) {
    const byte = piece[at] ?? 0;
    if (byte === 0) continue;
    KEPT[length] = byte;
    length += 1;
  }
  return KEPT.toString('latin1', 0, length);
}

export type WideEncoding = 'utf-16le' | 'utf-16be';

export function isWide(encoding: string): encoding is WideEncoding {
  return encoding === 'utf-16le' || encoding === 'utf-16be';
}

/**
 * True when a file of UTF-16 would spell a secret in other letters. What stands in its own letters is
 * screened as text. What was put between them as ASCII, or one byte further on, or in the other order
 * of bytes, is a row of Chinese characters there, and whoever encodes them again has the secret.
 */
export function holdsDisguised(bytes: Buffer, encoding: WideEncoding): boolean {
  // For ASCII, the other order of bytes is the same order one byte further on.
  const others = bytes.subarray(encoding === 'utf-16le' ? 1 : 0).toString('utf16le');
  return (
    findSecrets(bytes.toString('latin1')).length > 0 || findSecrets(withoutNuls(others)).length > 0
  );
}
