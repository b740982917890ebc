import type { ContainerWorld } from './contract.ts';

/** Tests a server in a container on a network. */
export function testOverHttp(_world: ContainerWorld): void {}
