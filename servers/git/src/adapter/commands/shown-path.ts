import { beginningOf, SECRET_CHARACTERS_MAX, textFromByteString } from '@secure-mcp/validation';

import { LIMITS } from '../../policy.ts';

/**
 * A path as it is shown. One that no file system could hold stands in trees and indexes only, can be of
 * any length there, and cannot be sent back: its beginning is enough, and a page holds hundreds.
 *
 * @param bytes a binary string
 */
export function shownPath(bytes: string): string {
  if (bytes.length <= LIMITS.pathBytesMax) return textFromByteString(bytes);
  const near = textFromByteString(bytes.slice(0, LIMITS.pathBytesMax + SECRET_CHARACTERS_MAX));
  return `${beginningOf(near, LIMITS.pathBytesMax)}…`;
}
