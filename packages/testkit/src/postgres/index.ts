export { type ContainerRuntime, containerRuntime, hasContainer } from './runtime.ts';
export { type PostgresContainer, startPostgresContainer } from './container.ts';
