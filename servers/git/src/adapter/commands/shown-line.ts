import { LIMITS } from '../../policy.ts';
import { utf8 } from './z-fields.ts';

/** Where the part of a long line that is shown begins and ends, in bytes. */
export interface LinePart {
  readonly from: number;
  readonly to: number;
}

/** The part of a line around a column (from 1) that is not longer than a line of an answer may be. */
export function partAround(column: number): LinePart {
  const from = Math.max(0, column - 1 - LIMITS.lineCharactersMax / 4);
  return { from, to: from + LIMITS.lineCharactersMax };
}

/** A line as text, without its end. An ellipsis stands where something was cut off. */
export function shownLine(bytes: string): string {
  const { from, to } = partAround(1);
  return shownPart(bytes.slice(from, to), { before: false, after: bytes.length > to });
}

/**
 * The same for a part of a line. A character whose bytes were divided is left out.
 *
 * @param cut whether there is more of the line before and after the part
 */
export function shownPart(
  bytes: string,
  cut: { readonly before: boolean; readonly after: boolean },
): string {
  const start = cut.before ? bytes.replace(/^[\x80-\xbf]{1,3}/, '') : bytes;
  const whole = cut.after ? start.replace(DIVIDED, '') : start.replace(/\r$/, '');
  return `${cut.before ? '…' : ''}${utf8(whole)}${cut.after ? '…' : ''}`;
}

/** The first bytes of a character whose last ones are missing. */
const DIVIDED = /(?:[\xc0-\xff]|[\xe0-\xff][\x80-\xbf]|[\xf0-\xff][\x80-\xbf]{2})$/;
