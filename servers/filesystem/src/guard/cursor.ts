import { boundedText, parseStrictJson, seal, type Trusted, unseal } from '@secure-mcp/validation';
import * as z from 'zod';

import { refuse } from './refusals.ts';

/** A cursor as a caller sends it back. */
export const cursorText = boundedText(65_536);

/** Where a page ended. */
const position = z.strictObject({
  /** The last entry that was given out, as steps beneath the directory that is listed. */
  after: z.array(z.string().max(1024)).max(256).optional(),
  /** The last line that was given out of that entry. */
  line: z.int().min(0).optional(),
  /** Entries given out, where the directory is too large to be sorted. */
  skip: z.int().min(0).optional(),
  /** What the entry was sorted by. */
  value: z.number().optional(),
  /** The state of the directory that `skip` counts in. */
  stamp: z.string().max(64).optional(),
});

/**
 * Where the next page begins.
 *
 * It carries no right and no path outside the request's own directory: the walk starts at the
 * directory that the guard has parsed and only skips.
 *
 * Not promised: that the entry it names still exists.
 */
export type Cursor = Trusted<z.output<typeof position>, 'Cursor'>;
type CursorPosition = z.input<typeof position>;

/** A cursor for a request without one. */
export const START: Cursor = {} as Cursor;

/**
 * Writes a cursor that fits only the same question, and that nobody else can read: it holds names as
 * they are, also those with a secret in them, which an answer would cover.
 */
export function writeCursor(question: unknown, next: CursorPosition): string {
  return seal(question, JSON.stringify(next));
}

/** Reads a cursor, or refuses one that belongs to another question or to another process. */
export function readCursor(text: string | undefined, question: unknown): Cursor {
  if (text === undefined) return START;
  const json = parseStrictJson(unseal(question, text) ?? '');
  const parsed = position.safeParse(json.ok && json.value);
  return parsed.success ? (parsed.data as Cursor) : refuse('cursor.invalid');
}
