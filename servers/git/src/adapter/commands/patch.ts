import { NamedQueue } from './named-queue.ts';

/** A line that begins the patch of a file. No line within a patch can begin like that. */
export function beginsPatch(line: string): boolean {
  return /^(?:diff --(?:git|cc) |\* Unmerged path )/.test(line);
}

/**
 * Gathers whole patches of the files that are wanted, in the order of the files, up to a number of
 * bytes. Of a file that does not fit nothing is kept, so at most that many bytes are held.
 */
export class PatchPage {
  /** Files whose patch alone is larger than the page. */
  readonly tooLarge = new Set<number>();
  /** Files whose patch is on the page. */
  readonly done = new Set<number>();
  /** The first file whose patch does not fit any more. */
  full: number | undefined;

  readonly #wanted: NamedQueue<number>;
  readonly #bytesMax: number;
  #last = -1;
  #text = '';
  #current:
    { readonly file: number; readonly header: string; text: string; bytes: number } | undefined;

  /** @param wanted the files by the line that begins their patch */
  constructor(wanted: NamedQueue<number>, bytesMax: number) {
    this.#wanted = wanted;
    this.#bytesMax = bytesMax;
    for (const file of wanted.values()) this.#last = Math.max(this.#last, file);
  }

  /** All patches, as bytes. */
  get text(): string {
    return this.#text;
  }

  get room(): number {
    return this.#bytesMax - this.#text.length;
  }

  /** Takes a line without its end. False when all that was wanted is there, or the page is full. */
  line(line: string, cut: boolean): boolean {
    if (beginsPatch(line) && !this.#goesOn(line)) {
      this.finish();
      // Patches come in the order of the files: behind the last one there is nothing to wait for.
      if (this.isOver()) return false;
      const file = cut ? undefined : this.#wanted.take(line);
      this.#current = file === undefined ? undefined : { file, header: line, text: '', bytes: 0 };
    }
    const current = this.#current;
    if (current === undefined) return true;
    current.bytes += line.length + 1;
    if (cut) current.bytes += this.#bytesMax;
    if (current.bytes <= this.#bytesMax) current.text += `${line}\n`;
    else current.text = '';
    return true;
  }

  /** A file that became a link, or the reverse, is two patches with one beginning: gone, and made anew. */
  #goesOn(line: string): boolean {
    return this.#current?.header === line && !this.#wanted.has(line);
  }

  /** Nothing more comes of the file that was read last. */
  finish(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined || this.full !== undefined) return;
    if (current.bytes > this.#bytesMax) this.tooLarge.add(current.file);
    else if (current.bytes > this.room) this.full = current.file;
    else {
      this.#text += current.text;
      this.done.add(current.file);
    }
  }

  /** What was read last is incomplete: the command was stopped in the middle of it. */
  abandon(): void {
    this.full ??= this.#current?.file;
    this.#current = undefined;
  }

  isOver(): boolean {
    if (this.#last < 0 || this.full !== undefined) return true;
    return this.done.has(this.#last) || this.tooLarge.has(this.#last);
  }
}
