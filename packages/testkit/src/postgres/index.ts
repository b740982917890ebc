export { type ContainerRuntime, containerRuntime } from './runtime.ts';
export { type PostgresContainer, startPostgresContainer } from './container.ts';
