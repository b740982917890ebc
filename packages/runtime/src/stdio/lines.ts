import { TextDecoder } from 'node:util';

/** What comes out of a byte stream: a line, or the news that one was too long or not text. */
export type Line =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too long' }
  | { readonly kind: 'not UTF-8' };

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines and never holds more than one line's limit.
 *
 * A line over the limit is dropped up to its end and reported once, so that the next message is read
 * again; closing the connection would let one message end the session.
 */
export function createLineReader(
  lineBytesMax: number,
  onLine: (line: Line) => void,
): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let skipping = false;

  const hold = (part: Uint8Array): void => {
    if (skipping || part.length === 0) return;
    heldBytes += part.length;
    if (heldBytes <= lineBytesMax) {
      held.push(part);
      return;
    }
    held = [];
    skipping = true;
  };

  const finish = (): void => {
    const line: Line = skipping ? { kind: 'too long' } : decode(decoder, Buffer.concat(held));
    held = [];
    heldBytes = 0;
    skipping = false;
    if (line.kind !== 'text' || line.text.trim() !== '') onLine(line);
  };

  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, end));
      finish();
      from = end + 1;
    }
    hold(chunk.subarray(from));
  };
}

function decode(decoder: TextDecoder, bytes: Uint8Array): Line {
  try {
    return { kind: 'text', text: decoder.decode(bytes) };
  } catch {
    return { kind: 'not UTF-8' };
  }
}
