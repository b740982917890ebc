import { assertTtl } from './entries.ts';
import { hashedKey, spaceOf } from './key.ts';
import type { RedisLink } from './redis-link.ts';
import { USE } from './redis-scripts.ts';
import type { Store } from './store.ts';
import { StoreDown } from './store-down.ts';

export interface RedisUseParts {
  readonly link: RedisLink;
  readonly namespace: string;
  /** The key that tells when Redis began to remember. */
  readonly beginningKey: string;
  /** What it told this process first; undefined until it was asked. */
  readonly beginning: () => number | undefined;
}

/** What is used once, in Redis. */
export function createRedisUse({
  link,
  namespace,
  beginningKey,
  beginning,
}: RedisUseParts): Pick<Store, 'use'> {
  return {
    async use(key, ttlMs, { madeAt = Infinity } = {}) {
      assertTtl(ttlMs);
      const keys = [beginningKey, `${namespace}:used:${spaceOf(key)}:${hashedKey(key)}`];
      const ttl = String(Math.ceil(ttlMs));
      const answer = await link.ask((redis) => redis.eval(USE, keys.length, ...keys, ttl));
      const [first, found, now] = Array.isArray(answer) ? answer.map(Number) : [];
      if (first === undefined || found === undefined || now === undefined)
        throw new StoreDown('failed');
      // A Redis that forgot began anew: it may have known this one.
      if (madeAt < found) throw new StoreDown('it was made before the memory began');
      // It forgot what was used before: until all of that has ended, this may be a second use.
      if (found !== beginning() && now < found + ttlMs) throw new StoreDown('it has forgotten');
      return first === 1;
    },
  };
}
