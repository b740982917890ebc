import type { Rate } from '../call/limits.ts';
import type { LimitVerdict } from './store.ts';

export const ALLOWED: LimitVerdict = { allowed: true, retryAfterMs: 0 };

/** What the library tells of a window. */
export interface Standing {
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

/** Judges a use that the window has counted already. */
export function afterUse({ consumedPoints, msBeforeNext }: Standing, rate: Rate): LimitVerdict {
  return consumedPoints <= rate.calls ? ALLOWED : refused(msBeforeNext);
}

/** Judges a use that has not been counted. */
export function beforeUse(standing: Standing | null, rate: Rate): LimitVerdict {
  return standing === null || standing.consumedPoints < rate.calls
    ? ALLOWED
    : refused(standing.msBeforeNext);
}

/** The library rejects with its verdict when a limit is reached, and with an error when it is broken. */
export function asStanding(rejection: unknown): Standing {
  if (isStanding(rejection)) return rejection;
  throw rejection;
}

function refused(msBeforeNext: number): LimitVerdict {
  return { allowed: false, retryAfterMs: Math.max(1, msBeforeNext) };
}

function isStanding(value: unknown): value is Standing {
  return (
    typeof value === 'object' &&
    value !== null &&
    'consumedPoints' in value &&
    'msBeforeNext' in value
  );
}
