import type { Redis } from 'ioredis';
import type { RateLimiterRedis } from 'rate-limiter-flexible';

import type { Rate } from '../call/limits.ts';
import { hashedKey, spaceOf } from './key.ts';
import type { LimitVerdict } from './store.ts';
import { afterUse, allowed, asStanding, beforeUse } from './verdict.ts';

/** Counts in one Redis. Rejects where it fails. */
export interface RedisCounts {
  consume(redis: Redis, key: string, rate: Rate, weight: number): Promise<LimitVerdict>;
  peek(redis: Redis, key: string, rate: Rate): Promise<LimitVerdict>;
}

export function createRedisCounts(namespace: string): RedisCounts {
  /** Of each connection by itself; they go with it. */
  const limiters = new WeakMap<Redis, Map<string, Promise<RateLimiterRedis>>>();

  const limiterOf = async (redis: Redis, key: string, rate: Rate): Promise<RateLimiterRedis> => {
    const known = limiters.get(redis) ?? new Map<string, Promise<RateLimiterRedis>>();
    limiters.set(redis, known);
    const keyPrefix = `${namespace}:${spaceOf(key)}:${String(rate.calls)}/${String(rate.seconds)}`;
    const limiter = known.get(keyPrefix) ?? openLimiter(redis, rate, keyPrefix);
    known.set(keyPrefix, limiter);
    return limiter;
  };

  return {
    async consume(redis, key, rate, weight) {
      const limiter = await limiterOf(redis, key, rate);
      return afterUse(await limiter.consume(hashedKey(key), weight).catch(asStanding), rate);
    },
    async peek(redis, key, rate) {
      const limiter = await limiterOf(redis, key, rate);
      const name = hashedKey(key);
      // One short command for each look that finds room. The library would send four.
      const count = Number(await redis.get(limiter.getKey(name)));
      return count < rate.calls
        ? allowed(rate.calls - count)
        : beforeUse(await limiter.get(name), rate);
    },
  };
}

async function openLimiter(
  storeClient: Redis,
  { calls, seconds }: Rate,
  keyPrefix: string,
): Promise<RateLimiterRedis> {
  const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterRedis.js');
  return new Limiter({ storeClient, points: calls, duration: seconds, keyPrefix });
}
