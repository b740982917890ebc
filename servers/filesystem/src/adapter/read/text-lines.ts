import { LIMITS } from '../../policy.ts';
import type { ScreenedText } from './screen.ts';

/** A text that is in memory, seen as lines. */
export class TextLines {
  readonly #text: string;
  readonly #hidden: ScreenedText['hidden'];
  /** Where the last lines begin. All of them would be more memory than the text. */
  readonly #starts: number[] = [];
  #number = 0;
  #next = 0;

  constructor({ text, hidden }: ScreenedText) {
    this.#text = text;
    this.#hidden = hidden;
  }

  /** The number of the last line that was read, from 1. */
  get number(): number {
    return this.#number;
  }

  /** Reads the lines one after the other, without their ends. */
  *all(): Generator<string> {
    while (this.#next < this.#text.length) {
      this.#number += 1;
      this.#starts.push(this.#next);
      if (this.#starts.length > LIMITS.contextMax + 1) this.#starts.shift();
      const { line, next } = this.#lineAt(this.#next);
      this.#next = next;
      yield line;
    }
  }

  /** Lines before the last one that was read, at most as many as a search may show. */
  before(count: number): string[] {
    const last = this.#starts.length - 1;
    return this.#starts.slice(Math.max(0, last - count), last).map((at) => this.#lineAt(at).line);
  }

  /** Lines behind the last one that was read. */
  after(count: number): string[] {
    const lines: string[] = [];
    for (let at = this.#next; lines.length < count && at < this.#text.length;) {
      const { line, next } = this.#lineAt(at);
      lines.push(line);
      at = next;
    }
    return lines;
  }

  /** Secrets that were covered in the last line that was read, and in so many lines around it. */
  hiddenAround(count: number): number {
    let hidden = 0;
    for (let line = this.number - count; line <= this.number + count; line += 1)
      hidden += this.#hidden?.get(line) ?? 0;
    return hidden;
  }

  #lineAt(start: number): { readonly line: string; readonly next: number } {
    const feed = this.#text.indexOf('\n', start);
    const end = feed < 0 ? this.#text.length : feed;
    const crlf = end > start && this.#text.charCodeAt(end - 1) === 0x0d;
    return { line: this.#text.slice(start, crlf ? end - 1 : end), next: end + 1 };
  }
}
