import { parseStrictly, strictText } from './strict-json.ts';

/** What asks an issuer. The platform's own, unless the operator needs another way out. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A question to an issuer whose answer is JSON. */
export interface Question {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the answer at most, as they are after any content encoding. */
  readonly bytesMax: number;
  /** For the whole answer, not only for its beginning. */
  readonly timeoutMs: number;
}

export interface Answered {
  readonly status: number;
  /** Undefined unless the status is 200. */
  readonly value: unknown;
}

/** An issuer did not answer, or not with what it should. Its message is our own words. */
export class OutProblem extends Error {
  override readonly name = 'OutProblem';
}

/** An issuer cannot answer anybody now: no connection, no end of an answer in time, or a fault of its own. */
export class OutFailure extends OutProblem {}

/**
 * Asks, and reads the answer as JSON with one meaning.
 *
 * A redirect is not followed: where keys and credentials go is what the operator configured. An
 * answer that is too large, too slow, or not JSON rejects with an OutProblem.
 */
export async function ask(question: Question, fetch: Fetch = platformFetch): Promise<Answered> {
  const { url, method, headers, body, bytesMax, timeoutMs } = question;
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, {
    method,
    headers: { accept: 'application/json', ...headers },
    redirect: 'manual',
    signal,
    ...(body === undefined ? {} : { body }),
  }).catch((error: unknown) => fail(signal.aborted ? 'no answer in time' : 'no connection', error));
  const type = response.headers.get('content-type') ?? '';
  if (response.status !== 200 || !JSON_TYPE.test(type)) {
    // What is not read would hold the connection.
    await response.body?.cancel();
    if (response.status !== 200) return { status: response.status, value: undefined };
    return giveUp('the answer is not JSON');
  }
  return { status: 200, value: await jsonOf(response, bytesMax, signal) };
}

// The one place from which this package reaches the network: hosts come from the configuration only.
// oxlint-disable-next-line no-restricted-globals
const platformFetch: Fetch = (url, init) => fetch(url, init);

async function jsonOf(response: Response, bytesMax: number, signal: AbortSignal): Promise<unknown> {
  const text = strictText(await boundedBytes(response, bytesMax, signal));
  const value = text === undefined ? undefined : parseStrictly(text);
  return value ?? giveUp('the answer is not JSON with one meaning');
}

/** `application/json`, or a type with that structure such as `application/jwk-set+json`. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;

/** Counts what arrives: a `Content-Length` is only a claim, and a small answer may unpack to a large one. */
async function boundedBytes(
  { body }: Response,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const arriving: AsyncIterable<Uint8Array> | null = body;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (arriving === null) return new Uint8Array();
  try {
    // Leaving the loop early cancels what is still to come.
    for await (const chunk of arriving) {
      bytes += chunk.length;
      if (bytes > bytesMax) giveUp('the answer is too large');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof OutProblem) throw error;
    fail(signal.aborted ? 'no answer in time' : 'the answer broke off', error);
  }
  return Buffer.concat(chunks);
}

function giveUp(message: string): never {
  throw new OutProblem(message);
}

function fail(message: string, cause: unknown): never {
  throw new OutFailure(message, { cause });
}
