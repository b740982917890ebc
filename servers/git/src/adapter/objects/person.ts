import { zoned } from '../commands/zoned.ts';
import { LIMITS } from '../../policy.ts';
import type { Person } from '../results.ts';
import type { Decode } from './decode.ts';
import { shortened } from './shortened.ts';

/**
 * Reads `name <email> seconds zone` as git does, which takes nearly anything: the name ends before the
 * first `<`, the address before the next `>`, and the date follows the last `>`.
 *
 * A date that is no number is none; an offset that no clock shows is read as UTC.
 *
 * @param line a byte string
 */
export function readPerson(line: string | undefined, decode: Decode): Person {
  const [, name, email] = WHO.exec(line ?? '') ?? [];
  if (line === undefined || name === undefined || email === undefined) return NOBODY;
  const text = (bytes: string): string =>
    shortened(decode(Buffer.from(bytes, 'latin1')), LIMITS.personCharactersMax);
  return { name: text(trimEnd(name)), email: text(email), ...readMoment(line) };
}

function readMoment(line: string): Pick<Person, 'at' | 'seconds'> {
  const [, digits, zone = ''] = WHEN.exec(line.slice(line.lastIndexOf('>') + 1)) ?? [];
  const seconds = Number(digits);
  if (!Number.isSafeInteger(seconds)) return NEVER;
  return { at: zoned(seconds, zone) ?? zoned(seconds, '+0000'), seconds };
}

const WHO = /^([^<]*)<([^>]*)>/;
const WHEN = /^[ \t\r]*([0-9]{1,20})[ \t\r]*([+-][0-9]+)/;
const NEVER = { at: undefined, seconds: 0 };
const NOBODY: Person = { name: '', email: '', ...NEVER };

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACES.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const SPACES = ' \t\r\n';
