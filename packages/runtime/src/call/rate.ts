import type { RateLimiterMemory } from 'rate-limiter-flexible';

import { refuse } from '../refusals.ts';
import type { CallLimits, Rate } from './limits.ts';

/** Counts a caller's calls. */
export interface RateLimit {
  /** Counts one call, or refuses it and says when the next can succeed. */
  admit(principalId: string, rates: CallLimits['rates']): Promise<void>;
}

/** Holds the counts in this process. The MCP specification demands a limit on stdio, too. */
export function createRateLimit(): RateLimit {
  /** By calls and seconds: as many as options and policy name. Promises, so that calls at the same time share one. */
  const windows = new Map<string, Promise<RateLimiterMemory>>();
  return {
    async admit(principalId, rates) {
      for (const rate of rates) {
        const key = `${String(rate.calls)}/${String(rate.seconds)}`;
        const window = windows.get(key) ?? openWindow(rate);
        windows.set(key, window);
        // oxlint-disable-next-line no-await-in-loop -- a call that one window refuses is not counted by the next
        const verdict = await (await window).consume(principalId).catch(asVerdict);
        if (verdict.consumedPoints > rate.calls) {
          refuse('limit.rate', { retryAfterMs: verdict.msBeforeNext });
        }
      }
    },
  };
}

/** Loaded with the first call: the tool list should not wait for it. */
async function openWindow(rate: Rate): Promise<RateLimiterMemory> {
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
