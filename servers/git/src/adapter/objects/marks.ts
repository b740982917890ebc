import { randomBytes } from 'node:crypto';

/**
 * Makes names that nothing has and nobody can guess. Asked for behind an object, git's answer that
 * there is no such thing marks where the object really ended.
 *
 * git prints a loose blob to the end of its zlib stream, whatever size its header announces: behind an
 * announced `abc` can stand what looks like the answer to the next question, and it would be shown
 * under the next object's id.
 *
 * No ref may hold a `?`, and no id a space, so git says at once that there is none, and opens no file.
 */
export function createMarks(): () => string {
  const secret = randomBytes(16).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `? ${secret} ${count} ?`;
  };
}

/**
 * Looks for a mark in what should still be an object, piece by piece: an object that announces more
 * bytes than it has would otherwise be waited for until the deadline, with all that is asked behind it.
 */
export class MarkFinder {
  readonly #mark: Buffer;
  /** The end of what was seen, in which a mark can begin. */
  #tail: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(mark, 'latin1');
  }

  /** True when the mark has been there. */
  found(piece: Buffer): boolean {
    const room = this.#mark.length - 1;
    const across = Buffer.concat([this.#tail, piece.subarray(0, room)]);
    if (across.includes(this.#mark) || piece.includes(this.#mark)) return true;
    const end = piece.length >= room ? piece : across;
    this.#tail = Buffer.from(end.subarray(Math.max(0, end.length - room)));
    return false;
  }
}
