import { codeOf } from '../error-code.ts';
import { StoreDown } from './store-down.ts';

/** What happened, in our words: an error of the driver's can hold a command with its arguments. */
export function reasonOf(error: unknown): string {
  if (error instanceof StoreDown) return 'slow';
  if (!(error instanceof Error)) return 'failed';
  const found = REASONS.find(([pattern]) => pattern.test(`${codeOf(error)} ${error.message}`));
  return found?.[1] ?? 'failed';
}

const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^ (?:WRONGPASS|NOAUTH|ERR AUTH)\b/, 'credentials'],
  [/^ NOPERM\b/, 'permissions'],
  [/^ READONLY\b/, 'read-only'],
  [/^ OOM\b/, 'out of memory'],
  [/^(?:ENOTFOUND|EAI_AGAIN) /, 'unknown host'],
  [/^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT) /, 'unreachable'],
  // Node's codes for what it finds wrong with a certificate.
  [/^[A-Z_]*(?:CERT|SIGNATURE|VERIFY)[A-Z_]* /, 'certificate'],
  [/^(?:ECONNRESET|EPIPE) | Connection is closed/, 'closed'],
];
