import {
  containerRuntime,
  type RedisContainer,
  startRedisContainer,
} from '@secure-mcp/testkit/redis';

/** A Redis for one suite, or why there is none. */
export type RedisBackend =
  | { readonly kind: 'container'; readonly redis: RedisContainer }
  | { readonly kind: 'none'; readonly why: string };

const IMAGE = 'redis:8-alpine';

/**
 * Starts one in a container where a container runtime answers. Nothing else is Redis, so the suite is
 * left out otherwise; in CI that is an error. `TEST_REDIS_IMAGE` names another image.
 */
export async function startRedis(): Promise<RedisBackend> {
  const image = process.env['TEST_REDIS_IMAGE'] ?? IMAGE;
  const inCi = process.env['CI'] === 'true';
  if ((await containerRuntime()) === undefined) {
    if (inCi) throw new Error('CI=true, and no container runtime answers: start one, or unset CI');
    return { kind: 'none', why: 'no container runtime answers' };
  }
  try {
    return { kind: 'container', redis: await startRedisContainer(image) };
  } catch (error) {
    // Most likely an image that cannot be pulled.
    if (inCi) throw error;
    return { kind: 'none', why: `${image} did not start` };
  }
}
