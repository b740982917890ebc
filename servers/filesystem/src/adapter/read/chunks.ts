import { readSync } from 'node:fs';

/** One buffer for each thread: a read does not leave garbage of its own size behind. */
const CHUNK = Buffer.allocUnsafe(262_144);

/**
 * Reads a part of a file in pieces. A piece is valid until the next one is asked for.
 *
 * The end is given rather than asked for: a file that grows while it is read would never end.
 */
export function* readChunks(descriptor: number, from: number, to: number): Generator<Buffer> {
  for (let at = from; at < to;) {
    const length = readSync(descriptor, CHUNK, 0, Math.min(CHUNK.length, to - at), at);
    if (length === 0) return;
    yield CHUNK.subarray(0, length);
    at += length;
  }
}

/** Reads a part of a file into memory of its own. */
export function readBytes(descriptor: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const read = readSync(descriptor, bytes, filled, length - filled, from + filled);
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}
