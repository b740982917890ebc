import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request on its way through the front. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When its headers had come, on the clock of `performance`. */
  readonly since: number;
  /** Aborts when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
}

/**
 * The headers of a request with one meaning only: lower-case names, each value once. Made from the
 * raw headers, because Node joins or drops what came twice.
 */
export type Headers = ReadonlyMap<string, string>;

/** Where a request comes from. */
export interface ClientAddress {
  /** The client's IP address, an IPv4-mapped one as IPv4. */
  readonly ip: string;
  /** What limits count by: the IPv4 address, or the /64 of an IPv6 one. */
  readonly key: string;
  /** True when a trusted proxy said so, and the peer is that proxy. */
  readonly forwarded: boolean;
}

/** What the front answers besides MCP: small, made at once. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
