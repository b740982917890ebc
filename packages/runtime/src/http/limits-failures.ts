import type { Rate } from '../call/limits.ts';

/** Longest wait, in seconds: an address changes hands, and a mistake of today is forgiven tomorrow. */
const WAIT_SECONDS_MAX = 86_400;
/** How much longer each window is than the one before it, and how many more failures it lets pass. */
const LONGER = 10;
const MORE = 2;

/**
 * The windows that failures are counted in: the given one, and two that are ten times longer each and
 * let twice as many pass. Whoever goes on guessing whenever the wait is over waits ten times longer
 * then: with 20 in a minute, the 40th makes it up to ten minutes, the 80th up to 100.
 */
export function failureRates(first: Rate): readonly Rate[] {
  return [0, 1, 2].map((step) => ({
    calls: first.calls * MORE ** step,
    seconds: Math.min(WAIT_SECONDS_MAX, first.seconds * LONGER ** step),
  }));
}
