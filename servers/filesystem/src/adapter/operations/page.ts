import type { Name } from '../../guard/index.ts';
import type { NextPage } from '../results.ts';

/** Bytes of names and texts in one page: long ones make a page shorter, never an answer too large. */
const PAGE_BYTES_MAX = 262_144;

/** One page of an answer, bounded in items and in bytes. */
export class Page<Item> {
  readonly items: Item[] = [];
  readonly #limit: number;
  #room = PAGE_BYTES_MAX;
  #full = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#full;
  }

  /** Takes the bytes of an item. False when the page is full; its next page begins at that item. */
  hasRoomFor(steps: readonly Name[], texts: readonly string[] = []): boolean {
    const bytes = [...steps, ...texts].reduce((sum, text) => sum + text.length + 1, 0);
    this.#full ||= this.items.length >= this.#limit || this.#room < bytes;
    this.#room -= bytes;
    return !this.#full;
  }

  add(item: Item): void {
    this.items.push(item);
  }

  /** Where the next page goes on. Without an entry to go on from, asking again would only repeat the page. */
  nextAfter(last: readonly string[] | undefined, over: boolean): NextPage | undefined {
    return (this.#full || over) && last !== undefined ? { after: [...last] } : undefined;
  }
}
