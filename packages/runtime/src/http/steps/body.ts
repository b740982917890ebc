import { ClientGone } from '../client-gone.ts';
import type { Exchange, Headers } from '../exchange.ts';
import type { BodyShare } from '../body-room.ts';
import { HttpRefusal, refuseHttp } from '../refusals.ts';

export interface BodyLimits {
  readonly bodyBytesMax: number;
  readonly bodyMs: number;
  /** The memory that the caller may take. */
  readonly share: BodyShare;
}

/** A content, and the room that it takes until it is given back. */
export interface Body {
  readonly bytes: Uint8Array;
  /**
   * Lets go of the bytes, and keeps room for what was made of them. Refuses where there is none.
   */
  keepRoom(): void;
  /** Lets go of the bytes, and gives back the room. */
  leave(): void;
}

/**
 * What a message takes beside its content: a text of two bytes a character at most, and the values in
 * it, of which there are few.
 */
const MADE_OF_IT = 2;

/** What a retry can wait for, in milliseconds: others arrive, or their time is over. */
const NO_ROOM_MS = 1000;

/** Where the memory for a content without a declared length begins. */
const FIRST_BYTES = 4096;
/** Where it begins at most: whoever declares much and sends nothing should hold little. */
const FIRST_BYTES_MAX = 8192;

/**
 * Reads the content, up to a number of bytes that are counted as they arrive, whatever the headers say,
 * and within a time. The caller is known: until now nothing was read, and a client that asked whether
 * it may send (`Expect: 100-continue`) is told so only here.
 *
 * @throws HttpRefusal for a content that is too large or too slow, and where there is no room;
 * ClientGone for one that is cut off.
 */
export async function readBody(
  { request, response, signal }: Exchange,
  headers: Headers,
  { bodyBytesMax, bodyMs, share }: BodyLimits,
): Promise<Body> {
  signal.throwIfAborted();
  if (headers.get('expect')?.toLowerCase() === '100-continue') response.writeContinue();
  const declared = Number(headers.get('content-length') ?? 0);
  const first = Math.min(declared || FIRST_BYTES, FIRST_BYTES_MAX, bodyBytesMax);
  const content = new Content(bodyBytesMax, share);
  if (request.complete) return takeWhole(request, content, first);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      reject(error);
    }
  };
  const onData = (chunk: Uint8Array): void => attempt(() => content.add(chunk));
  // Cut off before its end: whatever Node calls it, it is the client that went.
  const onGone = (): void => reject(new ClientGone());
  const timer = setTimeout(() => reject(new HttpRefusal('http.body_slow')), bodyMs);
  signal.addEventListener('abort', onGone, { once: true });
  request.on('data', onData).once('end', resolve).once('error', onGone);
  attempt(() => content.grow(first));
  try {
    await promise;
    return content;
  } catch (error) {
    content.leave();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onGone);
    request.off('data', onData).off('end', resolve).off('error', onGone).pause();
  }
}

/** Takes a content that has come with the headers, as most do: nothing of it is waited for. */
function takeWhole(request: Exchange['request'], content: Content, first: number): Content {
  try {
    content.grow(first);
    for (let chunk: unknown = request.read(); chunk !== null; chunk = request.read())
      if (chunk instanceof Uint8Array) content.add(chunk);
    return content;
  } catch (error) {
    content.leave();
    throw error;
  }
}

/**
 * Bytes in one piece of memory. A list of chunks would cost a hundred times its bytes when each comes
 * in a chunk of its own.
 */
class Content implements Body {
  #memory = new Uint8Array();
  #length = 0;
  #taken = 0;
  readonly #max: number;
  readonly #share: BodyShare;

  constructor(max: number, share: BodyShare) {
    this.#max = max;
    this.#share = share;
  }

  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#max) refuseHttp('http.body_size');
    if (length > this.#memory.length)
      this.grow(Math.min(this.#max, Math.max(length, 2 * this.#memory.length)));
    this.#memory.set(chunk, this.#length);
    this.#length = length;
  }

  grow(length: number): void {
    this.#take(length);
    const grown = new Uint8Array(length);
    grown.set(this.bytes);
    this.#memory = grown;
  }

  keepRoom(): void {
    this.#take(Math.max(this.#taken, MADE_OF_IT * this.#length));
    this.#memory = new Uint8Array();
    this.#length = 0;
  }

  leave(): void {
    this.#share.give(this.#taken);
    this.#taken = 0;
    this.#memory = new Uint8Array();
    this.#length = 0;
  }

  /** Takes room up to so many bytes. */
  #take(bytes: number): void {
    if (!this.#share.take(bytes - this.#taken))
      refuseHttp('http.busy', { detail: 'contents', retryAfterMs: NO_ROOM_MS });
    this.#taken = bytes;
  }
}
