import { zoned } from '../commands/zoned.ts';
import type { Person } from '../results.ts';
import type { Decode } from './decode.ts';

/**
 * Reads `name <email> seconds zone` as git does, which takes nearly anything: the name ends before the
 * first `<`, the address before the next `>`, and the date follows the last `>`.
 *
 * A date that is no number is none; an offset that no clock shows is read as UTC.
 *
 * @param line a byte string
 */
export function readPerson(line: string | undefined, decode: Decode): Person {
  const open = line?.indexOf('<') ?? -1;
  const close = line?.indexOf('>', open) ?? -1;
  if (line === undefined || open === -1 || close === -1) return NOBODY;
  const text = (bytes: string): string => decode(Buffer.from(bytes, 'latin1'));
  const [, digits = '', zone = ''] = DATE.exec(line.slice(line.lastIndexOf('>') + 1)) ?? [];
  const seconds = Number(digits);
  const known = digits !== '' && Number.isSafeInteger(seconds);
  return {
    name: text(trimEnd(line.slice(0, open))),
    email: text(line.slice(open + 1, close)),
    at: known ? (zoned(seconds, zone) ?? zoned(seconds, '+0000')) : undefined,
    seconds: known ? seconds : 0,
  };
}

const NOBODY: Person = { name: '', email: '', at: undefined, seconds: 0 };
const DATE = /^[ \t\r]*([0-9]{1,20})[ \t\r]*([+-][0-9]+)/;

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACES.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const SPACES = ' \t\r\n';
