import { isUtf8 } from 'node:buffer';
import { readSync } from 'node:fs';
import { TextDecoder } from 'node:util';

import { holdsDisguised } from './screen.ts';
import { SNIFF_BYTES, sniff } from './sniff.ts';

/** What a file holds for a search. */
export type Searchable =
  | { readonly kind: 'text'; readonly text: string; readonly utf8: boolean }
  /** `denied`: it would spell a secret in other letters. */
  | { readonly kind: 'binary' | 'denied' };

/** Grows to the largest file that may be searched, once for each thread. */
let buffer = Buffer.allocUnsafe(262_144);

/**
 * Reads a file for a search, when it is text. What is searched for is not asked here: a search that
 * looked at bytes which nobody has screened would tell by its answer, or its time, what is in them.
 */
export function readSearchable(
  descriptor: number,
  size: number,
  { hideSecrets }: { readonly hideSecrets: boolean },
): Searchable {
  const bytes = fill(descriptor, size);
  const sniffed = sniff(bytes.subarray(0, SNIFF_BYTES));
  if (sniffed.kind !== 'text') return { kind: 'binary' };
  if (sniffed.encoding !== 'utf-8') {
    if (hideSecrets && holdsDisguised(bytes, sniffed.encoding)) return { kind: 'denied' };
    const text = new TextDecoder(sniffed.encoding).decode(bytes);
    return text.includes('\0') ? { kind: 'binary' } : { kind: 'text', text, utf8: true };
  }
  // No line of text holds a NUL, wherever in the file it stands.
  if (bytes.includes(0)) return { kind: 'binary' };
  const content = bytes.subarray(sniffed.bomBytes);
  const utf8 = isUtf8(content);
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
