import { LIMITS } from '../../policy.ts';
import type { Sink } from '../handle.ts';
import { around, type LinePart, partAround, shownPart } from './shown-line.ts';

/** A line of `git grep --heading -n --column`. */
export type GrepLine =
  | { readonly kind: 'file'; readonly name: string }
  | {
      readonly kind: 'line';
      readonly line: number;
      readonly column?: number;
      readonly text: string;
    };

/** The name of a file, or the number of a line, its column if it matches, and where its text begins. */
const MATCH = /^(\d{1,10}):(\d{1,10}):/;
const AROUND = /^(\d{1,10})-/;

/**
 * Reads lines of which only a part is kept: a match can stand in the middle of a line of 300 megabytes.
 *
 * With `--heading` every line says by its beginning what it is, whatever stands in it: a name begins with
 * the id that was asked for, a match with two numbers and colons, a line around it with one number and a
 * dash. (With `-z` a line around a match that holds a NUL looks like a match.)
 */
export class GrepLines {
  readonly #take: (line: GrepLine) => boolean;
  /** The beginning of a line, as a binary string. */
  #head = '';
  /** Of a long line: the part to show and what is around it, in bytes of the whole line, and as much of it as lies behind the head. */
  #near: LinePart | undefined;
  #far = '';
  #length = 0;

  constructor(take: (line: GrepLine) => boolean) {
    this.#take = take;
  }

  readonly push: Sink = (piece) => {
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      this.#add(piece, from, at);
      if (!this.#end()) return false;
      from = at + 1;
    }
    this.#add(piece, from, piece.length);
    return true;
  };

  #add(piece: Buffer, from: number, to: number): void {
    const room = LIMITS.fieldBytesMax - this.#head.length;
    this.#head += piece.toString('latin1', from, Math.min(to, from + room));
    if (to - from >= room) {
      this.#near ??= around(partOf(this.#head));
      // Offsets of the part within this piece, behind what the head took.
      const start = Math.max(this.#near.from - this.#length, room);
      const end = Math.min(this.#near.to - this.#length, to - from);
      if (end > start) this.#far += piece.toString('latin1', from + start, from + end);
    }
    this.#length += to - from;
  }

  #end(): boolean {
    const line = this.#line();
    this.#head = '';
    this.#near = undefined;
    this.#far = '';
    this.#length = 0;
    return line === undefined || this.#take(line);
  }

  #line(): GrepLine | undefined {
    if (this.#head === '--') return undefined;
    const [prefix, number, column] = MATCH.exec(this.#head) ?? AROUND.exec(this.#head) ?? [];
    if (prefix === undefined) return { kind: 'file', name: this.#head };
    const part = partOf(this.#head);
    const near = around(part);
    // Numbers and colons before the text are none of it.
    const from = Math.max(prefix.length, near.from);
    const known = this.#head.slice(from, near.to) + this.#far;
    const text = shownPart({
      before: known.slice(0, part.from - from),
      part: known.slice(part.from - from, part.to - from),
      after: known.slice(part.to - from),
    });
    const line = { kind: 'line', line: Number(number), text } as const;
    return column === undefined ? line : { ...line, column: Number(column) };
  }
}

function partOf(head: string): LinePart {
  const [prefix = '', , column = '1'] = MATCH.exec(head) ?? AROUND.exec(head) ?? [];
  const { from, to } = partAround(Number(column));
  return { from: prefix.length + from, to: prefix.length + to };
}
