import { type EreProblem, fail } from './problem.ts';

/**
 * A class, a backslash for itself, a range or a character. A dash before the closing is a character; any
 * other one makes a range, whose ends are characters in order.
 */
const ITEM =
  /^(?:\[:(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit):\]|\\\\|([\x20-Z^-~])-([\x20-Z^-~])|\[(?![.:=])|[\t\x20-Z\]-~])(?!-[^\]])/;

/**
 * Reads a bracket expression and returns where it ends, behind its `]`.
 *
 * Collating elements (`[.ch.]`, `[=a=]`) are left out. So is a backslash, which is a letter like any
 * other here: who writes `[\d]` means something else. git compares bytes, so only ASCII has a place.
 */
export function endOfBracket(text: string, start: number): number {
  let at = start + (text[start + 1] === '^' ? 2 : 1);
  // Directly behind the opening, `]` is a letter.
  const first = at;
  while (text[at] !== ']' || at === first) at += lengthOfItem(text.slice(at, at + 16));
  return at + 1;
}

function lengthOfItem(rest: string): number {
  const [item, from = '', to = ''] = ITEM.exec(rest) ?? [];
  if (item === undefined) return fail(problemOf(rest));
  return from <= to ? item.length : fail('bracket');
}

function problemOf(rest: string): EreProblem {
  if (rest === '') return 'open';
  return rest.startsWith('\\') ? 'bracket escape' : 'bracket';
}
