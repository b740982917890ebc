/**
 * How much one list of revocations holds. A file that holds more is refused when it is read, and what
 * replicas share has room for it, so that no list that one of them takes is kept from the others.
 */
export const REVOCATION_BOUNDS = {
  /** Entries of one file. */
  entries: 10_000,
  /** Characters of an entry as JSON: room for the longest issuer and subject. */
  characters: 4096,
} as const;
