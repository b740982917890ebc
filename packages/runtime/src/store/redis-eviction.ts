import type { Redis } from 'ioredis';

/**
 * True when Redis says that it takes keys away before they end. Whoever fills it with counts of many
 * addresses then makes it forget what was used once. False as well where it does not say.
 */
export async function evictsKeys(redis: Redis): Promise<boolean> {
  const memory = await redis.info('memory').catch(() => '');
  const isBounded = !/^maxmemory:0\r?$/m.test(memory);
  const policy = /^maxmemory_policy:(?<policy>[a-z-]+)/m.exec(memory)?.groups?.['policy'];
  return isBounded && policy !== undefined && policy !== 'noeviction';
}
