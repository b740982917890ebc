import type { Rate } from '../call/limits.ts';
import type { LimitVerdict, Store } from '../store/store.ts';
import type { ClientAddress } from './exchange.ts';
import type { FrontLimits } from './front-parts.ts';
import { createAttempts } from './limits-attempts.ts';
import { failureRates } from './limits-failures.ts';
import { createRequestPlaces } from './limits-places.ts';
import { refuseHttp } from './refusals.ts';
import { FAILURES } from './steps/address.ts';

export interface FrontLimitsOptions {
  readonly store: Store;
  /**
   * Requests of one address, before it is known whose they are. It bounds what verifying credentials
   * costs. All that stand behind one proxy that is not trusted share it.
   */
  readonly addressRate: Rate;
  /** Credentials of one address that are not accepted, before it has to wait. */
  readonly failureRate: Rate;
  /** Messages of one caller, whatever they ask for. */
  readonly messageRate: Rate;
  /** Requests under way at the same time, of all callers: each holds memory and a connection. */
  readonly placesMax: number;
}

/**
 * How many more credentials may stay without an answer than may fail. It bounds what an address makes us ask
 * of an issuer that does not answer; with an issuer that is down, its callers are not to blame, and
 * among them are some who need no issuer.
 */
const UNANSWERED_MORE = 10;

/**
 * Bytes of a content that count as one message. Reading a message takes time by its size, and only one
 * is read at a time: few of a megabyte each would stop all others.
 */
const PIECE_BYTES = 65_536;

/** Makes the limits of one front. */
export function createFrontLimits(options: FrontLimitsOptions): FrontLimits {
  const { store, addressRate, messageRate } = options;
  const failures = failureRates(options.failureRate);
  const { calls, seconds } = options.failureRate;
  const unanswered = { calls: calls * UNANSWERED_MORE, seconds };
  const places = createRequestPlaces(options.placesMax);
  const attempts = createAttempts({
    look: (key) => Promise.all(failures.map((rate) => store.peek(`failure:${key}`, rate))),
    refuse: (verdicts) => assertAllowed(verdicts, FAILURES),
  });
  return {
    async admitAddress({ key }: ClientAddress) {
      const attempt = attempts.open(key);
      // Both at once: before each request, the store is asked in one round trip.
      const verdicts = await Promise.all([
        store.consume(`address:${key}`, addressRate),
        ...failures.map((rate) => store.peek(`failure:${key}`, rate)),
        store.peek(`unanswered:${key}`, unanswered),
      ]);
      try {
        assertAllowed(verdicts.slice(0, 1));
        await attempt.enter(verdicts.slice(1));
      } catch (error) {
        attempt.leave();
        throw error;
      }
      return () => attempt.leave();
    },
    async countFailure({ key }: ClientAddress) {
      await Promise.all(failures.map((rate) => store.consume(`failure:${key}`, rate)));
      attempts.failed(key);
    },
    async countUnanswered({ key }: ClientAddress) {
      await store.consume(`unanswered:${key}`, unanswered);
    },
    async admitPrincipal(principalId) {
      assertAllowed([await store.consume(`messages:${principalId}`, messageRate)]);
    },
    async admitBytes(principalId, bytes) {
      // However low the rate is, one message of any size is within it.
      const more = Math.min(Math.ceil(bytes / PIECE_BYTES), messageRate.calls) - 1;
      if (more < 1) return;
      assertAllowed([await store.consume(`messages:${principalId}`, messageRate, more)]);
    },
    enter: places.enter,
  };
}

/** Refuses when one of them does, until the last of them lets the next one through. */
function assertAllowed(verdicts: readonly LimitVerdict[], detail?: string): void {
  if (verdicts.every(({ allowed }) => allowed)) return;
  const retryAfterMs = Math.max(...verdicts.map((verdict) => verdict.retryAfterMs));
  refuseHttp('http.rate', { retryAfterMs, ...(detail !== undefined && { detail }) });
}
