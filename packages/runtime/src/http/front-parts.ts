import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { Authenticator, AuthProblem, Verified } from '@secure-mcp/auth';
import type { Audit, Logger } from '@secure-mcp/logging';

import type { ClientAddress, Exchange, Headers, PlainAnswer } from './exchange.ts';
import type { FrontRules } from './rules.ts';

/** A request that has passed every step before the SDK. */
export interface Admitted {
  readonly exchange: Exchange;
  readonly headers: Headers;
  readonly address: ClientAddress;
  readonly verified: Verified;
  readonly message: JSONRPCMessage;
  /** Aborts when the client leaves, its credential ends or is revoked, or the server stops. */
  readonly signal: AbortSignal;
  /** To be told the code of JSON-RPC where the SDK refuses the request by itself. */
  readonly onRefused: (code: number) => void;
}

/** Serves an admitted request. Rejects with an HttpRefusal where the caller's scopes do not suffice. */
export type ServeMcp = (admitted: Admitted) => Promise<Response>;

/** The limits of the front. Each method refuses by throwing an HttpRefusal. */
export interface FrontLimits {
  /**
   * Counts a request of an address that has not said yet who it is, and refuses one that fails too
   * often. What it gives back is to be called once it is known who it is: until then others of the
   * address may have to wait.
   */
  admitAddress(address: ClientAddress): Promise<() => void>;
  /** Counts a credential that was not accepted, before it is left. */
  countFailure(address: ClientAddress): Promise<void>;
  /** Counts a credential about which nobody could be asked. */
  countUnanswered(address: ClientAddress): Promise<void>;
  /** Counts a message of a caller, whatever it asks for. */
  admitPrincipal(principalId: string): Promise<void>;
  /** Counts a large message once more for each piece of its content, once that is known. */
  admitBytes(principalId: string, bytes: number): Promise<void>;
  /**
   * Takes one of the places for requests under way, of which each caller has its share. Gives back how
   * to leave it.
   */
  enter(principalId: string): () => void;
}

/** Words what a caller without an accepted credential is told: the `WWW-Authenticate` of RFC 6750, 9449 and 9728. */
export interface Challenges {
  /** Undefined where there is nothing to say, as for an issuer that cannot be asked. */
  unauthorized(problem: AuthProblem): string | undefined;
  /** All scopes that the operation needs, at once. */
  insufficientScope(scopes: readonly string[], verified: Verified): string;
}

/** Requests under way, so that what is revoked ends at once. */
export interface LiveRequests {
  /**
   * Registers a request. `end` is called once, when the credential ends or is revoked or the server
   * stops; what is given back takes the request off.
   */
  open(verified: Verified, end: (reason: Error) => void): () => void;
  /** Ends every request whose credential is judged to be revoked. Gives back how many. */
  endWhere(isRevoked: (verified: Verified) => boolean): number;
  readonly size: number;
}

/** Counters of the front, for the metrics. */
export interface FrontMetrics {
  /** One answered request: what became of it, and how long it took. */
  answered(status: number, milliseconds: number): void;
  refused(code: string): void;
}

export interface FrontParts {
  readonly rules: FrontRules;
  readonly limits: FrontLimits;
  readonly authenticator: Authenticator;
  readonly challenges: Challenges;
  /** What stands at fixed paths beside MCP: health, and the metadata of the resource. Read by GET only. */
  readonly documents: ReadonlyMap<string, () => PlainAnswer>;
  readonly serveMcp: ServeMcp;
  readonly live: LiveRequests;
  /** True for a caller whose credential is revoked or withdrawn by now; its request came at `since`. */
  readonly isRevoked: (verified: Verified, since: number) => boolean;
  readonly metrics: FrontMetrics;
  readonly audit: Audit;
  readonly logger: Logger;
}
