export { containerRuntime } from '../postgres/runtime.ts';
export { type RedisContainer, startRedisContainer } from './container.ts';
