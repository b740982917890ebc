import type { ReadOptions } from '../job.ts';
import type { TextLine } from './lines.ts';
import type { ScreenLine } from './screen.ts';

/** The lines that one answer holds: from a place on, up to a number of lines and of bytes. */
export class Window {
  readonly lines: string[] = [];
  /** The number of the first line; absent while there is none. */
  start: number | undefined;
  /** Where the next answer begins, once this one is full. */
  next: { readonly line: number; readonly column: number } | undefined;
  /** Secrets that were covered in the lines. */
  hidden = 0;
  readonly #options: ReadOptions;
  readonly #screen: ScreenLine;
  #left: number;

  constructor(options: ReadOptions, screen: ScreenLine) {
    this.#options = options;
    this.#screen = screen;
    this.#left = options.bytes;
  }

  /** Takes the next line of the file. A window that is full takes nothing more. */
  take(line: TextLine): void {
    const { number, skipped, whole } = line;
    const { startLine, startColumn, lines: linesMax } = this.#options;
    if (this.next !== undefined || number < startLine) return;
    const column = number === startLine ? startColumn : 1;
    if (this.lines.length >= linesMax || this.#left < 0) {
      this.next = { line: number, column };
      return;
    }
    const { text, hidden } = this.#screen(line);
    this.hidden += hidden;
    const rest = text.slice(Math.max(0, column - 1 - skipped));
    const fitting = cutToBytes(rest, this.#left);
    if (whole && fitting.length === rest.length) {
      this.#add(number, rest);
      return;
    }
    // A line that does not fit is begun only where it is the first: it may be larger than any window.
    const begun = this.lines.length === 0 ? fitting : '';
    if (begun !== '') this.#add(number, begun);
    this.next = { line: number, column: column + begun.length };
  }

  #add(number: number, text: string): void {
    this.lines.push(text);
    this.start ??= number;
    this.#left -= Buffer.byteLength(text) + 1;
  }
}

/** The longest beginning of a text that fits into bytes, never half a character. */
function cutToBytes(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text;
  if (bytesMax <= 0) return '';
  const bytes = Buffer.from(text.slice(0, bytesMax));
  let end = Math.min(bytes.length, bytesMax);
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** True for a byte that goes on with a character of UTF-8. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
