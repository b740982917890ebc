import { maskOf } from '@secure-mcp/validation';

import type { Context } from './context.ts';
import { isKeyLine, mayBeKey, mayEndKey } from './key-lines.ts';

/**
 * Covers what can be the inside of a private key in a patch, and half secrets in the heads of its hunks.
 *
 * The output policy knows a key by its first line. A hunk can begin behind it (`context: 0` is enough), and
 * then shows only base64. Which file a hunk is of does not matter here: a line as long as those of keys,
 * and nothing but base64, is covered where its hunk does not show the beginning of what it belongs to.
 */
export function screenPatch(
  patch: string | undefined,
  { secrets, hide }: Pick<Context, 'secrets' | 'hide'>,
): string | undefined {
  if (patch === undefined || secrets === 'allow') return patch;
  let begun = false;
  let inside = false;
  let hidden = 0;
  const screened = patch.split('\n').map((line) => {
    if (/^(?:@@|diff )/.test(line)) begun = false;
    if (line.startsWith('@@')) return headOf(line);
    begun = isBegun(line) ?? begun;
    const text = line.slice(1);
    inside = !begun && SIGN.test(line) && (isKeyLine(text) || (inside && mayEndKey(text)));
    if (!inside) return line;
    hidden += 1;
    return line.charAt(0) + maskOf(text, 'private-key');
  });
  hide(hidden);
  return screened.join('\n');
}

/** Whether something has begun behind a line; a string of a program can hold its beginning and its end. */
function isBegun(line: string): boolean | undefined {
  const [begins, ends] = [line.lastIndexOf('-----BEGIN '), line.lastIndexOf('-----END ')];
  return begins === ends ? undefined : begins > ends;
}

const SIGN = /^[-+ ]/;

/** Where a hunk stands, and the line above it that git takes for the head of a function. */
const HEAD = /^(@{2,} [-+0-9, ]{1,200} @{2,}) (.+)$/;

/**
 * The head of a hunk, without a line that git has cut, or that can be a key's. git shows the first 80
 * bytes of that line, of a merge the first 40, and half a token is none that a rule knows.
 */
function headOf(line: string): string {
  const [, place, above] = HEAD.exec(line) ?? [];
  if (place === undefined || above === undefined) return line;
  const bytesMax = line.startsWith('@@@') ? 40 : 80;
  const isCut = Buffer.byteLength(above) > bytesMax - LAST_CHARACTER_BYTES;
  return isCut || mayBeKey(above) ? `${place} …` : line;
}

/** What a cut between bytes, or between characters, can leave free. */
const LAST_CHARACTER_BYTES = 4;
