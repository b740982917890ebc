import { ClientGone } from '../client-gone.ts';
import type { Exchange, Headers } from '../exchange.ts';
import { HttpRefusal } from '../refusals.ts';

export interface BodyLimits {
  readonly bodyBytesMax: number;
  readonly bodyMs: number;
}

/** Where the memory for a content without a declared length begins. */
const FIRST_BYTES = 4096;
/** Where it begins at most: whoever declares much and sends nothing should hold little. */
const FIRST_BYTES_MAX = 65_536;

/**
 * Reads the content, up to a number of bytes that are counted as they arrive, whatever the headers say,
 * and within a time. The caller is known: until now nothing was read, and a client that asked whether
 * it may send (`Expect: 100-continue`) is told so only here.
 *
 * @throws HttpRefusal for a content that is too large or too slow; ClientGone for one that is cut
 * off.
 */
export async function readBody(
  { request, response, signal }: Exchange,
  headers: Headers,
  { bodyBytesMax, bodyMs }: BodyLimits,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  if (headers.get('expect')?.toLowerCase() === '100-continue') response.writeContinue();
  const declared = Number(headers.get('content-length') ?? 0);
  const content = new Content(Math.min(declared || FIRST_BYTES, FIRST_BYTES_MAX), bodyBytesMax);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Uint8Array): void => {
    if (!content.add(chunk)) reject(new HttpRefusal('http.body_size'));
  };
  // Cut off before its end: whatever Node calls it, it is the client that went.
  const onGone = (): void => reject(new ClientGone());
  const timer = setTimeout(() => reject(new HttpRefusal('http.body_slow')), bodyMs);
  signal.addEventListener('abort', onGone, { once: true });
  request.on('data', onData).once('end', resolve).once('error', onGone);
  try {
    await promise;
    return content.bytes;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onGone);
    request.off('data', onData).off('end', resolve).off('error', onGone).pause();
  }
}

/**
 * Bytes in one piece of memory. A list of chunks would cost a hundred times its bytes when each comes
 * in a chunk of its own.
 */
class Content {
  #memory: Uint8Array;
  #length = 0;
  readonly #max: number;

  constructor(first: number, max: number) {
    this.#memory = new Uint8Array(first);
    this.#max = max;
  }

  /** False when it would be too long. */
  add(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#max) return false;
    if (length > this.#memory.length) this.#grow(length);
    this.#memory.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.min(this.#max, Math.max(length, 2 * this.#memory.length)));
    grown.set(this.bytes);
    this.#memory = grown;
  }
}
