import { createHash } from 'node:crypto';

/** Characters that are hashed at once: each turn to the hash costs more than a short line. */
const PIECE_CHARACTERS = 65_536;

/** Tells lists apart: the lines in their order, of which none holds a line feed. */
export class ListDigest {
  readonly #hash = createHash('sha256');
  #piece = '';

  /** @param line a binary string */
  add(line: string): void {
    this.#piece += `${line}\n`;
    if (this.#piece.length >= PIECE_CHARACTERS) this.#flush();
  }

  /** Of all lines up to now; more may follow. */
  soFar(): string {
    this.#flush();
    return this.#hash.copy().digest('base64');
  }

  #flush(): void {
    this.#hash.update(this.#piece, 'latin1');
    this.#piece = '';
  }
}
