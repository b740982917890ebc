import { crypto } from '../crypto.ts';
import type { LongData } from '../mcp/delivery.ts';

/**
 * Characters of all requests that are being answered. A call keeps its arguments until its end, so
 * forty slow calls would keep forty of the longest messages.
 */
const OPEN_CHARACTERS_MAX = 4_194_304;

type RequestId = string | number;

/** What is kept for one answer. */
interface Kept {
  readonly characters: number;
  /** Long data, by the word that stands for each. */
  readonly enclosed: Map<string, LongData>;
  readonly whenTaken: (() => void)[];
}

/** The requests that are being answered, and what waits for their answers. */
export class OpenRequests {
  readonly #open = new Map<RequestId, Kept>();
  #characters = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Takes a request in, or says why not. Two under one id could not be told apart by anyone. */
  admit(id: RequestId, characters: number): string | undefined {
    if (this.#open.has(id)) return 'the id is in use';
    if (this.#characters + characters > OPEN_CHARACTERS_MAX)
      return 'too much is asked for at once: wait for an answer';
    this.#characters += characters;
    this.#open.set(id, { characters, enclosed: new Map(), whenTaken: [] });
    return undefined;
  }

  /** Ends a request that is answered now, and gives what was kept for the answer. */
  answer(id: RequestId): Kept | undefined {
    const kept = this.#open.get(id);
    this.#open.delete(id);
    this.#characters -= kept?.characters ?? 0;
    return kept;
  }

  /** Ends a request that gets no answer. */
  cancel(id: RequestId): void {
    for (const taken of this.answer(id)?.whenTaken ?? []) taken();
  }

  whenTaken(id: RequestId, then: () => void): void {
    const kept = this.#open.get(id);
    if (kept === undefined) then();
    else kept.whenTaken.push(then);
  }

  enclose(id: RequestId, data: LongData): string {
    // Written between quotes as it is, so it has to be what it says.
    if (typeof data === 'string' && !BASE64.test(data)) throw new TypeError('no base64');
    // Nobody can know it, so nothing that was found can hold it. As base64, it passes the SDK's schema.
    const word = crypto().randomBytes(16).toString('hex');
    this.#open.get(id)?.enclosed.set(word, data);
    return word;
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
