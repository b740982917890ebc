import { createPrivateKeyTracker } from '@secure-mcp/validation';

import type { TextLine } from './lines.ts';

/** What stands in the place of each line of a private key, so that line numbers stay right. */
const KEY_LINE = '[redacted: private-key]';

/** Takes private keys out of a whole text. */
export function withoutKeys(text: string): string {
  if (!text.includes('PRIVATE KEY')) return text;
  const isKey = createPrivateKeyTracker();
  return text
    .split('\n')
    .map((line) => (isKey(line) ? KEY_LINE : line))
    .join('\n');
}

/** Takes private keys out of lines as they come, from a file's first line on. */
export function* withoutKeyLines(lines: Iterable<TextLine>): Generator<TextLine> {
  const isKey = createPrivateKeyTracker();
  for (const line of lines) yield isKey(line.text) ? { ...line, text: KEY_LINE } : line;
}

/**
 * Takes private keys out of the end of a file that was not read from its beginning: what meets the
 * end of a key before any beginning started inside the key.
 */
export function withoutKeysBackwards(lines: readonly TextLine[]): readonly TextLine[] {
  const begin = lines.findIndex(({ text }) => text.includes('-----BEGIN '));
  const end = lines.findIndex(({ text }) => /-----END [A-Z ]{0,20}PRIVATE KEY/.test(text));
  const inside = end >= 0 && (begin < 0 || end < begin) ? end : -1;
  const tracked = [...withoutKeyLines(lines)];
  return tracked.map((line, index) => (index <= inside ? { ...line, text: KEY_LINE } : line));
}
