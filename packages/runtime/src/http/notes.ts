import type { Verified } from '@secure-mcp/auth';

import type { ClientAddress } from './exchange.ts';

/** What is learnt of a request on its way, for its answer and its record. */
export interface Notes {
  /** Headers that its answer gets, whatever it will be. */
  fields: Readonly<Record<string, string>>;
  address?: ClientAddress;
  verified?: Verified;
  /** The id of its JSON-RPC request; null where it has none. */
  id?: string | number | null;
  /** When the head of the answer was written. */
  answeredAt?: number;
}
