import type { Writable } from 'node:stream';

import type { LongData } from '../mcp/delivery.ts';

/**
 * What may wait for a client that does not read; above it, nothing more is read from it. All that the
 * running calls of one client can answer is less, so it can still cancel and leave then.
 */
const UNREAD_BYTES_MAX = 16_777_216;
/** What a line costs in memory at least, with the request that it answers: a ping is a hundred times its own bytes. */
const LINE_BYTES_MIN = 4096;
/** How much of a long text is made at a time. Three bytes become four letters, so it is a multiple of both. */
const PIECE = 49_152;

/** Long texts, by the word that stands for each in a line. */
type Enclosed = ReadonlyMap<string, LongData>;

/** Lines on their way to a client. */
export interface Outbox {
  readonly empty: boolean;
  /** Writes a message as a line, and calls back once it is taken. */
  write(message: unknown, enclosed?: Enclosed, taken?: () => void): void;
  /** Goes on; to be called when the stream takes more. */
  onDrain(): void;
}

interface Line {
  /** What comes before the end of the line, made when it can be written. */
  readonly pieces: Iterator<string, string>;
  readonly done: () => void;
}

/** Writes to a client, and tells when it has too much unread, and when it has read it all. */
export function createOutbox(
  output: Writable,
  { onFull, onEmpty }: { readonly onFull: () => void; readonly onEmpty: () => void },
): Outbox {
  const queue: Line[] = [];
  let blocked = false;
  let unread = 0;
  let full = false;

  const pump = (): void => {
    for (let [line] = queue; line !== undefined && !blocked; [line] = queue) {
      const { value, done } = line.pieces.next();
      if (done === true) queue.shift();
      blocked = !(done === true ? output.write(value, line.done) : output.write(value));
    }
  };
  return {
    get empty() {
      return queue.length === 0 && output.writableLength === 0;
    },
    write(message, enclosed = new Map(), taken = () => undefined) {
      const text = `${JSON.stringify(message)}\n`;
      const long = enclosed.values().reduce((sum, { length }) => sum + length, 0);
      const cost = Math.max(LINE_BYTES_MIN, text.length + long);
      const done = (): void => {
        unread -= cost;
        taken();
        if (!full || unread > 0) return;
        full = false;
        onEmpty();
      };
      unread += cost;
      queue.push({ pieces: piecesOf(text, enclosed), done });
      pump();
      if (full || unread <= UNREAD_BYTES_MAX) return;
      full = true;
      onFull();
    },
    onDrain() {
      blocked = false;
      pump();
    },
  };
}

/** A line in pieces; each long text is encoded while it is written, so it is never there as a whole. */
function* piecesOf(line: string, enclosed: Enclosed): Generator<string, string> {
  let from = 0;
  for (const [word, data] of enclosed) {
    const at = line.indexOf(word, from);
    // Kept for an answer that became an error.
    if (at < 0) continue;
    yield line.slice(from, at);
    for (let start = 0; start < data.length; start += PIECE) yield pieceOf(data, start);
    from = at + word.length;
  }
  return line.slice(from);
}

function pieceOf(data: LongData, start: number): string {
  return typeof data === 'string'
    ? data.slice(start, start + PIECE)
    : Buffer.from(data.subarray(start, start + PIECE)).toString('base64');
}
