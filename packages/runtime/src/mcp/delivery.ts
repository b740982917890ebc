/** Base64, or the bytes that become it. */
export type LongData = string | Uint8Array;

/** The way of an answer to its client, where the path of a call has to know of it. */
export interface Delivery {
  /** Calls back once the client has taken the answer to a request, or none will come. */
  whenTaken(id: string | number, then: () => void): void;
  /**
   * Keeps long data for the answer to a request, and gives the word that stands for it until then: on
   * its way through the SDK and through JSON, it would be copied again and again.
   */
  enclose(id: string | number, data: LongData): string;
}
