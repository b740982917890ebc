import { SECRET_CHARACTERS_MAX } from '@secure-mcp/validation';

/** Lines of a text that arrives in pieces. */
export interface LinesFound {
  /** The lines of the window, without the newline of the last one. */
  readonly bytes: Buffer;
  /** How many lines those are. */
  readonly lines: number;
  /**
   * Where the only line that is there is longer than the window, and `bytes` its beginning: what comes
   * behind that. A secret can stand across the cut.
   */
  readonly cut: Buffer | undefined;
  /** The last line has its newline. */
  readonly ended: boolean;
  readonly totalLines: number;
}

const NEWLINE = 0x0a;

/**
 * Picks a window of whole lines out of a stream and counts all lines. Nothing else is kept: a text can
 * be large, and one line of it as well.
 */
export class LineWindow {
  readonly #first: number;
  readonly #end: number;
  readonly #bytesMax: number;
  readonly #kept: Buffer[] = [];
  #room: number;
  /** The line that the next byte belongs to, from 1. */
  #line = 1;
  #startsLine = true;

  /**
   * @param startLine from 1
   * @param bytesMax of whole lines together; a first line that is longer by itself is cut
   */
  constructor(startLine: number, lines: number, bytesMax: number) {
    this.#first = startLine;
    this.#end = startLine + lines;
    this.#bytesMax = bytesMax;
    // What comes behind tells that there is more, and whether it is the end of a secret.
    this.#room = bytesMax + SECRET_CHARACTERS_MAX;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    const from = this.#skipTo(piece, 0, this.#first);
    const to = from < 0 ? from : this.#skipTo(piece, from, this.#end);
    if (from >= 0) this.#keep(piece.subarray(from, to < 0 ? piece.length : to));
    if (to >= 0) this.#skipTo(piece, to, Infinity);
    this.#startsLine = piece.at(-1) === NEWLINE;
  }

  end(): LinesFound {
    const totalLines = this.#startsLine ? this.#line - 1 : this.#line;
    const kept = Buffer.concat(this.#kept);
    const max = this.#bytesMax;
    const fits = kept.length <= max ? kept.length : kept.lastIndexOf(NEWLINE, max) + 1;
    const isCut = fits === 0 && kept.length > 0;
    const bytes = isCut ? wholeCharacters(kept.subarray(0, max)) : kept.subarray(0, fits);
    const cut = isCut ? kept.subarray(bytes.length) : undefined;
    const isEnded = bytes.at(-1) === NEWLINE;
    const ends = bytes.reduce((sum, byte) => (byte === NEWLINE ? sum + 1 : sum), 0);
    const lines = bytes.length === 0 && !isCut ? 0 : ends + (isEnded ? 0 : 1);
    const whole = isEnded ? bytes.subarray(0, -1) : bytes;
    return { bytes: whole, lines, cut, ended: isEnded, totalLines };
  }

  /** Goes on to where a line begins. -1 when it does not begin in this piece. */
  #skipTo(piece: Buffer, from: number, line: number): number {
    let at = from;
    while (this.#line < line) {
      const end = piece.indexOf(NEWLINE, at);
      if (end === -1) return -1;
      this.#line += 1;
      at = end + 1;
    }
    return at;
  }

  #keep(piece: Buffer): void {
    const part = piece.subarray(0, this.#room);
    if (part.length === 0) return;
    // A part of the pipe's own memory would keep all of it.
    this.#kept.push(Buffer.from(part));
    this.#room -= part.length;
  }
}

/** Without the beginning of a character that was divided. */
function wholeCharacters(bytes: Buffer): Buffer {
  const last = bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  const lead = bytes[last] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return last >= 0 && last + length > bytes.length ? bytes.subarray(0, last) : bytes;
}
