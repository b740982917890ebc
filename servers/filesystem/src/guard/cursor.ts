import { boundedText, parseStrictJson, type Trusted } from '@secure-mcp/validation';
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
 * directory that the guard has parsed and only skips. So it needs no signature, and a forged one
 * skips entries that its author could have read anyway.
 *
 * Not promised: that the entry it names still exists.
 */
export type Cursor = Trusted<z.output<typeof position>, 'Cursor'>;
type CursorPosition = z.input<typeof position>;

/** A cursor for a request without one. */
export const START: Cursor = {} as Cursor;

/** Writes a cursor that fits only the same question. */
export function writeCursor(question: unknown, next: CursorPosition): string {
  return Buffer.from(JSON.stringify([digestOf(question), next])).toString('base64url');
}

/** Reads a cursor, or refuses one that belongs to another question. */
export function readCursor(text: string | undefined, question: unknown): Cursor {
  if (text === undefined) return START;
  const json = parseStrictJson(Buffer.from(text, 'base64url').toString('utf8'));
  const parsed = z
    .tuple([z.literal(digestOf(question)), position])
    .safeParse(json.ok && json.value);
  if (!parsed.success) return refuse('cursor.invalid');
  const [, next] = parsed.data;
  return next as Cursor;
}

function digestOf(question: unknown): string {
  // Loaded here rather than imported: a start without a cursor should not wait for it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, 12);
}
