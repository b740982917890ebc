import { boundedText } from '@secure-mcp/validation';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';
import { refuse } from './refusals.ts';

/** A cursor as a caller sends it back. */
export const cursorText = boundedText(65_536);

/** Where a page ended. */
const position = z.strictObject({
  /** Rows that were given out. */
  skip: z.int().min(0).max(LIMITS.offsetMax).optional(),
  /** The columns of the last row that decide about the order. */
  after: z.array(z.string().nullable()).max(64).optional(),
});
export type Position = z.output<typeof position>;

const content = z.tuple([z.int(), position]);

/** What a cursor belongs to. */
interface CursorOwner {
  readonly purpose: string;
  readonly principal: string;
  readonly database: string;
  /** All of the request that decides which rows there are, and in which order. */
  readonly question: unknown;
}

export interface Cursors {
  write(owner: CursorOwner, next: Position): string;
  /** Refuses `cursor.invalid` for one that is old, changed, or somebody else's. */
  read(text: string | undefined, owner: CursorOwner): Position;
}

/**
 * Makes cursors that only their own request can use, under a key that lives as long as the process.
 *
 * The values in a cursor are bound as parameters, so a forged one could read nothing that its author
 * may not read; but one that is signed can be told from one that is broken.
 */
export function createCursors(key: Uint8Array, now: () => number = Date.now): Cursors {
  const sign = (payload: string, owner: CursorOwner): Buffer => {
    // Loaded here rather than imported: a start without a cursor should not wait for it.
    const { createHmac } = process.getBuiltinModule('node:crypto');
    const { purpose, principal, database, question } = owner;
    return createHmac('sha256', key)
      .update(JSON.stringify([payload, purpose, principal, database, question]))
      .digest();
  };

  return {
    write(owner, next) {
      const payload = Buffer.from(JSON.stringify([now() + LIMITS.cursorMs, next])).toString(
        'base64url',
      );
      return `${payload}.${sign(payload, owner).toString('base64url')}`;
    },

    read(text, owner) {
      if (text === undefined) return {};
      const [payload = '', signature = ''] = text.split('.');
      const expected = sign(payload, owner);
      const given = Buffer.from(signature, 'base64url');
      const { timingSafeEqual } = process.getBuiltinModule('node:crypto');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return invalid();
      const parsed = content.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
      if (!parsed.success) return invalid();
      const [expiry, next] = parsed.data;
      return now() > expiry ? invalid() : next;
    },
  };
}

function invalid(): never {
  return refuse('cursor.invalid');
}
