import { maskOf } from '@secure-mcp/validation';

import type { Context } from './context.ts';

/**
 * Covers what can be the inside of a private key in a patch.
 *
 * The output policy knows a key by its first line. A hunk can begin behind it (`context: 0` is enough), and
 * then shows only base64. Which file a hunk is of does not matter here: a line as long as those of keys,
 * and nothing but base64, is covered where its hunk does not show the beginning of what it belongs to.
 */
export function screenPatch(
  patch: string | undefined,
  { secrets, hide }: Pick<Context, 'secrets' | 'hide'>,
): string | undefined {
  if (patch === undefined || secrets === 'allow' || !KEY_LINES.test(patch)) return patch;
  let begun = false;
  let inside = false;
  let hidden = 0;
  const screened = patch.split('\n').map((line) => {
    if (/^(?:@@|diff )/.test(line)) begun = false;
    if (line.includes('-----BEGIN ')) begun = true;
    // The last line of a key is shorter than the others.
    inside = !begun && (isKeyLine(line) || (inside && KEY_END.test(line)));
    if (!inside) return line;
    hidden += 1;
    return line.charAt(0) + maskOf(line.slice(1), 'private-key');
  });
  hide(hidden);
  return screened.join('\n');
}

/** PEM has lines of 64 characters, OpenSSH of 70, OpenPGP of 76 at most. */
const KEY_LINES = /^[-+ ][A-Za-z0-9+/]{60,76}={0,2}\r?$/m;
const KEY_END = /^[-+ ][A-Za-z0-9+/]{4,76}={0,2}\r?$/;

/** A digest of 64 hexadecimal digits is no part of a key, and neither is a long name. */
function isKeyLine(line: string): boolean {
  return KEY_LINES.test(line) && /[g-z]/.test(line) && /[A-Z]/.test(line) && /[0-9+/]/.test(line);
}
