import type { Rate } from '../call/limits.ts';
import type { LimitVerdict } from './store.ts';

/** What the library tells of a window. */
export interface Standing {
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

/** Judges a use that the window has counted already. */
export function afterUse({ consumedPoints, msBeforeNext }: Standing, rate: Rate): LimitVerdict {
  return consumedPoints <= rate.calls
    ? allowed(rate.calls - consumedPoints)
    : refused(msBeforeNext);
}

/** Judges a use that has not been counted. */
export function beforeUse(standing: Standing | null, rate: Rate): LimitVerdict {
  const used = standing?.consumedPoints ?? 0;
  return standing === null || used < rate.calls
    ? allowed(rate.calls - used)
    : refused(standing.msBeforeNext);
}

/** The library rejects with its verdict when a limit is reached, and with an error when it is broken. */
export function asStanding(rejection: unknown): Standing {
  if (isStanding(rejection)) return rejection;
  throw rejection;
}

export function allowed(remaining: number): LimitVerdict {
  return { allowed: true, retryAfterMs: 0, remaining };
}

function refused(msBeforeNext: number): LimitVerdict {
  return { allowed: false, retryAfterMs: Math.max(1, msBeforeNext), remaining: 0 };
}

function isStanding(value: unknown): value is Standing {
  return (
    typeof value === 'object' &&
    value !== null &&
    'consumedPoints' in value &&
    'msBeforeNext' in value
  );
}
