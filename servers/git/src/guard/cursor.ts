import { boundedText, parseStrictJson, seal, type Trusted, unseal } from '@secure-mcp/validation';
import * as z from 'zod';

import { type Oid, parseOid } from './oid.ts';
import { refuse } from './refusals.ts';

/** A cursor as a caller sends it back. */
export const cursorText = boundedText(4096);

const fullName = z.string().refine((text) => parseOid(text) !== undefined);

/** Where a page ended. */
const position = z.strictObject({
  /** Items that were given out. */
  skip: z.int().min(0).max(1_000_000_000),
  /** The snapshot that the pages are of: a branch may have moved since. */
  oid: fullName.optional(),
  /** What it is compared with, where there are two. */
  base: fullName.optional(),
  /** What the whole list was, where it has no name of its own: the work tree, the refs. */
  digest: z.string().max(64).optional(),
});

export type CursorPosition = z.output<typeof position>;

/**
 * Where the next page begins. It carries no right: the question is asked again, and the page skips.
 *
 * Not promised: that its objects still exist, or that the caller's repository holds them.
 */
export type Cursor = Trusted<
  {
    readonly skip: number;
    readonly oid?: Oid | undefined;
    readonly base?: Oid | undefined;
    readonly digest?: string | undefined;
  },
  'Cursor'
>;

/** A cursor for a request without one. */
export const START: Cursor = { skip: 0 } as Cursor;

/** Writes a cursor that fits only the same question, and that nobody else can read. */
export function writeCursor(question: unknown, next: CursorPosition): string {
  return seal(question, JSON.stringify(next));
}

/** Reads a cursor. Refuses `cursor.invalid` for one of another question or another process. */
export function readCursor(text: string | undefined, question: unknown): Cursor {
  if (text === undefined) return START;
  const json = parseStrictJson(unseal(question, text) ?? '');
  const parsed = position.safeParse(json.ok && json.value);
  return parsed.success ? (parsed.data as Cursor) : refuse('cursor.invalid');
}
