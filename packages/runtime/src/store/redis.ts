import type { Audit, Logger } from '@secure-mcp/logging';
import type { Redis } from 'ioredis';

import type { Rate } from '../call/limits.ts';
import type { StoreAddress } from './address.ts';
import { memoryStore } from './memory.ts';
import { connectRedis } from './redis-client.ts';
import { createRedisCounts } from './redis-counts.ts';
import { createRedisEntries } from './redis-entries.ts';
import { openRedisLink, type RedisLink } from './redis-link.ts';
import { BEGINNING } from './redis-scripts.ts';
import { evictsKeys } from './redis-eviction.ts';
import { createRedisUse } from './redis-use.ts';
import { healthReporter } from './report-health.ts';
import type { LimitVerdict, Store } from './store.ts';
import { within } from './within.ts';

export interface RedisStoreOptions {
  readonly address: StoreAddress;
  /** What all keys begin with. Replicas have it in common, and nobody else has it. */
  readonly namespace: string;
  /** Certificates of authorities that vouch for Redis, in PEM. */
  readonly ca?: string | Uint8Array;
  readonly audit: Audit;
  readonly logger: Logger;
  /** Longest wait for an answer, in milliseconds. A Redis that is slower counts as down. */
  readonly commandMs?: number;
  /** Longest time to connect, in milliseconds. */
  readonly connectMs?: number;
}

const COMMAND_MS = 200;
const CONNECT_MS = 2000;
const EVICTS =
  'the shared store evicts keys: what was used once may be used again; set maxmemory-policy to noeviction';
/**
 * So many replicas that count by themselves let no more through than they did together. How many
 * there are, none of them knows; one that is alone is then four times as strict as it had to be.
 */
const REPLICAS_ASSUMED = 4;

/**
 * Opens the store that replicas share. Waits for Redis once, and serves without it otherwise.
 *
 * While Redis is down or slow, each replica counts by itself at a quarter of each rate, never
 * without a limit. What may be used once is refused then, and for a while after Redis came back
 * without what it knew.
 *
 * Not promised: that a key is used once where Redis evicts keys (its `maxmemory-policy` has to be
 * `noeviction`), or where a replica of Redis takes over that had not heard of it.
 */
export async function redisStore(options: RedisStoreOptions): Promise<Store> {
  const { namespace } = options;
  const beginningKey = `${namespace}:beginning`;
  /** When Redis began to remember, as this process heard it first. */
  let beginning: number | undefined;
  const link = await openRedisLink({
    async connect() {
      const { redis, told, evicts } = await open(options, beginningKey);
      beginning ??= told;
      if (evicts) options.logger.warn(EVICTS);
      return redis;
    },
    commandMs: options.commandMs ?? COMMAND_MS,
    onChange: healthReporter(options),
  });
  const counts = createSharedCounts(link, namespace);
  return {
    get healthy() {
      return link.up;
    },
    ...counts,
    ...createRedisUse({ link, namespace, beginningKey, beginning: () => beginning }),
    ...createRedisEntries(link, `${namespace}:published`),
    async close() {
      link.close();
      await counts.close();
    },
  };
}

/** A connection on which something can be written, and since when what is written there is kept. */
async function open(
  { address, ca, commandMs = COMMAND_MS, connectMs = CONNECT_MS }: RedisStoreOptions,
  beginningKey: string,
): Promise<{ readonly redis: Redis; readonly told: number; readonly evicts: boolean }> {
  const redis = await connectRedis({ address, ca, connectMs });
  try {
    const told = await within(commandMs, redis.eval(BEGINNING, 1, beginningKey));
    const evicts = await within(commandMs, evictsKeys(redis));
    return { redis, told: Number(told), evicts };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Counts in Redis, or here while it does not answer. */
function createSharedCounts(
  link: RedisLink,
  namespace: string,
): Pick<Store, 'consume' | 'peek' | 'close'> {
  const counts = createRedisCounts(namespace);
  const alone = memoryStore();
  const shared = (
    ask: (redis: Redis) => Promise<LimitVerdict>,
    instead: () => Promise<LimitVerdict>,
  ): Promise<LimitVerdict> => link.ask(ask).catch(instead);
  return {
    consume: (key, rate, weight = 1) =>
      shared(
        (redis) => counts.consume(redis, key, rate, weight),
        () => alone.consume(key, stricter(rate), weight),
      ),
    peek: (key, rate) =>
      shared(
        (redis) => counts.peek(redis, key, rate),
        () => alone.peek(key, stricter(rate)),
      ),
    close: () => alone.close(),
  };
}

function stricter({ calls, seconds }: Rate): Rate {
  return { calls: Math.max(1, Math.floor(calls / REPLICAS_ASSUMED)), seconds };
}
