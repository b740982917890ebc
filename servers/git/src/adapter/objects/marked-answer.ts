import { randomBytes } from 'node:crypto';

import type { Oid } from '../../guard/oid.ts';

/** Two trees, in the order in which they are compared. */
export interface Trees {
  readonly base: Oid;
  readonly head: Oid;
}

/** What stands sure of an answer, and how it ended: with its mark, or without being one. */
export interface Told {
  readonly body: Buffer;
  readonly end: 'answered' | 'unanswered' | undefined;
}

/**
 * One question to `git diff-tree --stdin`, and its answer, as bytes.
 *
 * git repeats the two ids that it compares, and a line that is no id as it stands, and then flushes. So a
 * line that nobody can guess is asked behind the ids, another one each time: the answer ends where
 * that line is all that is left, and nothing that a repository holds can end it before.
 */
export class MarkedAnswer {
  readonly question: string;
  readonly #header: Buffer;
  readonly #mark: Buffer;
  #begun = false;
  /** The end of what was received, which can be the beginning of the mark. */
  #held: Buffer = NOTHING;

  constructor({ base, head }: Trees) {
    const header = `${base} ${head}\n`;
    // No id begins with a question mark.
    const mark = `? ${randomBytes(16).toString('hex')}\n`;
    this.question = `${header}${mark}`;
    this.#header = Buffer.from(header, 'latin1');
    this.#mark = Buffer.from(`\n${mark}`, 'latin1');
  }

  /** Takes a piece of the process's output. */
  take(piece: Buffer): Told {
    const received = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    if (this.#begun) return this.#body(received);
    const head = received.subarray(0, this.#header.length);
    // A tree that git cannot read has no header: it says why on stderr, and goes on with the mark.
    if (!head.equals(this.#header.subarray(0, head.length))) return UNANSWERED;
    if (head.length < this.#header.length) return this.#hold(NOTHING, received);
    this.#begun = true;
    // The mark is a whole line, so the end of the line before it belongs to what is looked for.
    return this.#body(received.subarray(this.#header.length - 1));
  }

  #body(received: Buffer): Told {
    const room = Math.max(0, received.length - this.#mark.length);
    const end = received.subarray(room);
    // The body begins behind the line feed of the line before, and ends with its own one.
    if (end.equals(this.#mark)) return { body: this.#fed(received, room + 1), end: 'answered' };
    return this.#hold(this.#fed(received, room), end);
  }

  /** True until the line feed of the header was left out. */
  #isFirst = true;

  #fed(received: Buffer, to: number): Buffer {
    if (to === 0) return NOTHING;
    const from = this.#isFirst ? 1 : 0;
    this.#isFirst = false;
    return received.subarray(from, to);
  }

  #hold(body: Buffer, held: Buffer): Told {
    // Of its own: a piece of the process's output is much larger.
    this.#held = Buffer.from(held);
    return { body, end: undefined };
  }
}

const NOTHING = Buffer.alloc(0);
const UNANSWERED: Told = { body: NOTHING, end: 'unanswered' };
