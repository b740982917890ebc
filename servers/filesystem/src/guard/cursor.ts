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
  const nonce = crypto().randomBytes(NONCE_BYTES);
  const cipher = crypto().createCipheriv(CIPHER, keyOfProcess(), nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(question)));
  const sealed = [cipher.update(JSON.stringify(next), 'utf8'), cipher.final()];
  // Not base64url: with an underscore among its letters, one in 100,000 would look like a token.
  return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64');
}

/** Reads a cursor, or refuses one that belongs to another question or to another process. */
export function readCursor(text: string | undefined, question: unknown): Cursor {
  if (text === undefined) return START;
  const json = parseStrictJson(unseal(Buffer.from(text, 'base64'), question) ?? '');
  const parsed = position.safeParse(json.ok && json.value);
  return parsed.success ? (parsed.data as Cursor) : refuse('cursor.invalid');
}

function unseal(sealed: Buffer, question: unknown): string | undefined {
  const [tagAt, textAt] = [NONCE_BYTES, NONCE_BYTES + TAG_BYTES];
  if (sealed.length <= textAt) return undefined;
  const nonce = sealed.subarray(0, tagAt);
  const options = { authTagLength: TAG_BYTES };
  const decipher = crypto().createDecipheriv(CIPHER, keyOfProcess(), nonce, options);
  decipher.setAAD(Buffer.from(JSON.stringify(question)));
  decipher.setAuthTag(sealed.subarray(tagAt, textAt));
  try {
    return decipher.update(sealed.subarray(textAt), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

let key: Buffer | undefined;

/** Made once and kept nowhere: a cursor lives as long as the process that wrote it. */
function keyOfProcess(): Buffer {
  return (key ??= crypto().randomBytes(32));
}

/** Loaded where it is needed rather than imported: a start without a cursor should not wait for it. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
