import type { Principal } from './principal.ts';

/** What a request presents of itself, before anything of it is believed. */
export interface Presented {
  /** The one `Authorization` header, as it came; absent where there is none. */
  readonly authorization: string | undefined;
  /** The one `DPoP` header, as it came. */
  readonly proof: string | undefined;
  /** SHA-256 of the client's certificate, when the TLS handshake verified one. */
  readonly certificate: Uint8Array | undefined;
  /** When that certificate ends, in milliseconds since 1970; absent where there is none. */
  readonly certificateEndsAt?: number | undefined;
  readonly method: string;
  /**
   * To be awaited before anything is remembered of a caller whose credential holds. Rejects where the
   * caller is over its limit: what is remembered of each is bounded by that.
   */
  readonly admit?: (principalId: string) => Promise<void>;
}

/** How a caller proved who it is. */
export type AuthMethod = 'jwt' | 'introspection' | 'api-key' | 'certificate' | 'none';

/** A caller whose credential has been verified. It never holds the credential itself. */
export interface Verified {
  readonly principal: Principal;
  readonly method: AuthMethod;
  /** When the credential ends, in milliseconds since 1970. No answer and no stream outlives it. */
  readonly expiresAt: number;
  /** When it was issued, in milliseconds since 1970; absent where the issuer does not say. */
  readonly issuedAt?: number;
  /** The id that revocations name: a token's `jti`, an API key's id, a certificate's thumbprint. */
  readonly credentialId?: string;
  /** What the sender had to hold to use it; absent for a bearer credential. */
  readonly boundTo?: 'certificate' | 'dpop';
  /**
   * SHA-256 of the certificate that the connection came with, in lower-case hexadecimal digits: its
   * revocation ends whatever else was presented over it.
   */
  readonly certificate?: string;
  /** When that certificate ends, in milliseconds since 1970. `expiresAt` is never later. */
  readonly certificateEndsAt?: number;
}

/**
 * Why a credential is not accepted. For the audit trail: a caller learns these kinds apart, and
 * nothing finer. It is genuine where its signature or hash was verified and only its time is over, or
 * it was taken back: nobody comes by such a one through guessing.
 */
export type AuthProblem =
  | { readonly kind: 'missing' }
  /** Malformed, forged, expired, revoked, for somebody else: RFC 6750 `invalid_token`. */
  | { readonly kind: 'invalid'; readonly detail: string; readonly genuine?: true }
  /** The proof of possession failed (RFC 9449 `invalid_dpop_proof`). */
  | { readonly kind: 'proof'; readonly detail: string; readonly genuine?: true }
  /** The issuer cannot be asked, so nobody can be let in. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export type AuthOutcome =
  | { readonly ok: true; readonly verified: Verified }
  | { readonly ok: false; readonly problem: AuthProblem };

/** Verifies one kind of token. The string has passed the grammar of the header, nothing else. */
export interface TokenVerifier {
  /** True for a token of this kind, by its shape alone. */
  recognises(token: string): boolean;
  verify(token: string): Promise<TokenOutcome>;
}

export type TokenOutcome =
  | { readonly ok: true; readonly verified: Verified; readonly confirmation: Confirmation }
  | { readonly ok: false; readonly problem: AuthProblem };

/** The `cnf` claim (RFC 7800): what the sender has to prove to hold. */
export interface Confirmation {
  /** RFC 8705: base64url of the SHA-256 of the client's certificate. */
  readonly certificate?: string;
  /** RFC 9449: the RFC 7638 thumbprint of the proof's key. */
  readonly dpopKey?: string;
}

/** What is known of something that may be used once. */
export interface UseOf {
  /** The principal who uses it: nobody takes more than a share of the memory. */
  readonly owner?: string;
  /** When it was made at the latest, in milliseconds since 1970. */
  readonly madeAt?: number;
}

/** Remembers what may be used once only: the ids of proofs and of answered questions. */
export interface SingleUse {
  /**
   * True for the first use of a key, false for each later one. Kept for `ttlMs` milliseconds at
   * least. Rejects when it cannot be known, as of what was made before the memory began, and then
   * nothing may be done.
   */
  use(key: string, ttlMs: number, of?: UseOf): Promise<boolean>;
}

/** Verifies whatever a request presents. */
export interface Authenticator {
  authenticate(presented: Presented): Promise<AuthOutcome>;
}
