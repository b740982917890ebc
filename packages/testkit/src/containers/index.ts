export { containersWith, docker, dockerSays } from './engine.ts';
export { HARDENED, hardenedOptions, SECCOMP_FILE, securityOptions } from './hardened.ts';
export { HardenedContainer } from './hardened-container.ts';
export { buildImage, imageOf, type ServerName, SERVERS, sizeOf } from './images.ts';
export { type Containers, type Mount, openContainers, type RunOptions } from './run.ts';
export { type Spent, spentIn } from './spent.ts';
export { type Remover, startRemover } from '../postgres/remover.ts';
export { containerRuntime } from '../postgres/runtime.ts';
