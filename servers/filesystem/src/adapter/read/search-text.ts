import { isUtf8 } from 'node:buffer';
import { readSync } from 'node:fs';
import { TextDecoder } from 'node:util';

import { SNIFF_BYTES, sniff } from './sniff.ts';

/** What a file holds for a search. */
export type Searchable =
  | { readonly kind: 'text'; readonly text: string; readonly utf8: boolean }
  | { readonly kind: 'binary' }
  | { readonly kind: 'none'; readonly utf8: boolean };

/** Grows to the largest file that may be searched, once for each thread. */
let buffer = Buffer.allocUnsafe(262_144);

/**
 * Reads a file for a search, when it is text and may hold what is searched for.
 *
 * `needle` is looked for in the bytes first: most files of a tree do not hold it, and then nothing
 * is decoded.
 */
export function readSearchable(
  descriptor: number,
  size: number,
  needle: Buffer | undefined,
): Searchable {
  const bytes = fill(descriptor, size);
  const sniffed = sniff(bytes.subarray(0, SNIFF_BYTES));
  if (sniffed.kind !== 'text') return { kind: 'binary' };
  if (sniffed.encoding !== 'utf-8') {
    const text = new TextDecoder(sniffed.encoding).decode(bytes);
    return { kind: 'text', text, utf8: true };
  }
  const content = bytes.subarray(sniffed.bomBytes);
  // Asked first, so that what is counted of a file does not tell what it holds.
  const utf8 = isUtf8(content);
  if (needle !== undefined && !bytes.includes(needle)) return { kind: 'none', utf8 };
  return { kind: 'text', text: utf8 ? content.toString('utf8') : content.toString('latin1'), utf8 };
}

function fill(descriptor: number, size: number): Buffer {
  if (buffer.length < size) buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const read = readSync(descriptor, buffer, filled, size - filled, filled);
    if (read === 0) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
}
