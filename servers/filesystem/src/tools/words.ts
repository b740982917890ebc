import type { Entry, Skipped } from '../adapter/index.ts';
import { labelOf, type Name, nameFromDisk, type PathInRoot } from '../guard/index.ts';

/** How answers name things. Every path is one that a caller can send back. */

/** A path as the caller asked for it, with the entry's own steps behind it. */
export function pathOf({ root, steps }: PathInRoot, beneath: readonly string[] = []): string {
  const asked: readonly Name[] = steps.filter((step) => step !== '.');
  return labelOf(root, [...asked, ...beneath.map(nameFromDisk)]);
}

/** Only what was passed over at all. */
export function skippedOf(skipped: Skipped): Record<string, number> {
  return Object.fromEntries(Object.entries(skipped).filter(([, count]) => count > 0));
}

/** `skipped: 3 ignored, 1 binary` */
export function skippedText(skipped: Readonly<Record<string, number>>): string {
  const parts = Object.entries(skipped).map(([what, count]) => `${String(count)} ${what}`);
  return parts.length === 0 ? '' : `Skipped: ${parts.join(', ')}.`;
}

export interface EntryLine {
  readonly path: string;
  readonly type: Entry['type'];
  readonly size?: number | undefined;
  readonly mtime?: string | undefined;
  readonly denied?: boolean | undefined;
  readonly closed?: string | undefined;
}

/**
 * One entry on one line, the path last: names cannot hold a line feed here, so none can forge another
 * entry, and nothing stands behind a name that a name could imitate.
 */
export function entryLine({ path, type, size, mtime, denied, closed }: EntryLine): string {
  const notes = [
    size === undefined ? '' : `${String(size)} bytes`,
    mtime ?? '',
    denied === true ? 'denied' : '',
    closed === undefined ? '' : `not entered: ${closed}`,
  ].filter((note) => note !== '');
  return [type.padEnd(9), ...notes, path].join('  ');
}

export function joinSentences(...sentences: readonly string[]): string {
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
