import type { RateLimiterMemory } from 'rate-limiter-flexible';

import { refuse } from '../refusals.ts';
import type { CallLimits } from './limits.ts';

/** Counts a caller's calls. */
export interface RateLimit {
  /** Counts one call, or refuses it and says when the next can succeed. */
  admit(principalId: string, rate: CallLimits['rate']): Promise<void>;
}

/** Different windows at the same time: one from the options, and one for each policy entry that sets its own. */
const WINDOWS_MAX = 1024;

/** Holds the counts in this process. The MCP specification demands a limit on stdio, too. */
export function createRateLimit(): RateLimit {
  const windows = new Map<string, RateLimiterMemory>();
  return {
    async admit(principalId, rate) {
      const key = `${String(rate.calls)}/${String(rate.seconds)}`;
      const window = windows.get(key) ?? (await openWindow(rate));
      if (windows.size < WINDOWS_MAX) windows.set(key, window);
      const verdict = await window.consume(principalId).catch(asVerdict);
      if (verdict.consumedPoints > rate.calls) {
        refuse('limit.rate', { retryAfterMs: verdict.msBeforeNext });
      }
    },
  };
}

/** Loaded with the first call: the tool list should not wait for it. */
async function openWindow(rate: CallLimits['rate']): Promise<RateLimiterMemory> {
  const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterMemory.js');
  return new Limiter({ points: rate.calls, duration: rate.seconds });
}

/** The library rejects with its verdict when a limit is reached, and with an error when it is broken. */
function asVerdict(rejection: unknown): { consumedPoints: number; msBeforeNext: number } {
  if (isVerdict(rejection)) return rejection;
  throw rejection;
}

function isVerdict(value: unknown): value is { consumedPoints: number; msBeforeNext: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'consumedPoints' in value &&
    'msBeforeNext' in value
  );
}
