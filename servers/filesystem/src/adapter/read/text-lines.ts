/** A text that is in memory, seen as lines. */
export class TextLines {
  readonly #text: string;
  /** Where each line begins that has been read so far. */
  readonly #starts: number[] = [];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The number of the last line that was read, from 1. */
  get number(): number {
    return this.#starts.length;
  }

  /** Reads the lines one after the other, without their ends. */
  *all(): Generator<string> {
    while (this.#next < this.#text.length) {
      this.#starts.push(this.#next);
      const { line, next } = this.#lineAt(this.#next);
      this.#next = next;
      yield line;
    }
  }

  /** Lines before the last one that was read. */
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

  #lineAt(start: number): { readonly line: string; readonly next: number } {
    const feed = this.#text.indexOf('\n', start);
    const end = feed < 0 ? this.#text.length : feed;
    const crlf = end > start && this.#text.charCodeAt(end - 1) === 0x0d;
    return { line: this.#text.slice(start, crlf ? end - 1 : end), next: end + 1 };
  }
}
