import { outsideSecrets, SECRET_CHARACTERS_MAX } from '@secure-mcp/validation';

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

/** The bytes that have to be known around a part: a secret can begin or end there. */
export function around({ from, to }: LinePart): LinePart {
  return { from: Math.max(0, from - SECRET_CHARACTERS_MAX), to: to + SECRET_CHARACTERS_MAX };
}

/** A line as text, without its end. An ellipsis stands where something was cut off. */
export function shownLine(bytes: string): string {
  const part = partAround(1);
  return shownPart({
    before: '',
    part: bytes.slice(0, part.to),
    after: bytes.slice(part.to, around(part).to),
  });
}

/** A part of a line and what stands around it, as bytes. Empty where the line begins and ends. */
export interface Surrounded {
  readonly before: string;
  readonly part: string;
  readonly after: string;
}

/**
 * The same for a part of a line. A character whose bytes were divided is left out, and so is a secret:
 * who searches for the end of a token would otherwise be shown all of it but its first letters, which
 * no rule knows as one.
 */
export function shownPart({ before, part, after }: Surrounded): string {
  const [first = ''] = before === '' ? [] : (CONTINUED.exec(part) ?? []);
  const rest = part.slice(first.length);
  const [last = ''] = after === '' ? [/\r$/.exec(rest)?.[0]] : (DIVIDED.exec(rest) ?? []);
  const whole = utf8(rest.slice(0, rest.length - last.length));
  const start = utf8(before + first);
  const near = start + whole + (after === '' ? '' : utf8(last + after));
  const { from, to } = outsideSecrets(near, {
    from: start.length,
    to: start.length + whole.length,
  });
  const [opening, closing] = [before, after].map((cut) => (cut === '' ? '' : '…'));
  return `${opening}${near.slice(from, to)}${closing}`;
}

/** The last bytes of a character whose first ones are missing. */
const CONTINUED = /^[\x80-\xbf]{1,3}/;
/** The first bytes of a character whose last ones are missing. */
const DIVIDED = /(?:[\xc0-\xff]|[\xe0-\xff][\x80-\xbf]|[\xf0-\xff][\x80-\xbf]{2})$/;
