import type { Grant, Principal } from '@secure-mcp/auth';
import type { AuditedTarget } from '@secure-mcp/logging';

/** What can happen to a secret that is found in an answer, the strictest first. */
const SECRETS_MODES = ['block', 'redact', 'allow'] as const;
export type SecretsMode = (typeof SECRETS_MODES)[number];

/** The stricter of two modes: a policy can only narrow. */
export function strictestSecrets(a: SecretsMode, b: SecretsMode = 'allow'): SecretsMode {
  return SECRETS_MODES.find((mode) => mode === a || mode === b) ?? 'block';
}

/** One call under way: what a server needs to know of it to serve it. */
export interface Call {
  readonly principal: Principal;
  readonly grant: Grant;
  /** Aborts when the client cancels, the connection closes or the deadline passes. */
  readonly signal: AbortSignal;
  /** When the call is stopped, on the clock of `performance.now()`. */
  readonly deadline: number;
  readonly secrets: SecretsMode;
  /** Tells a client that asked for it how far the work is. Sent at most ten times a second. */
  progress(done: number, message?: string): void;
  /** Notes what the call touches, for the audit trail. */
  touch(target: AuditedTarget): void;
  /** Notes secrets that an adapter has covered itself, because it cuts texts before they get here. */
  hide(secrets: number): void;
}
