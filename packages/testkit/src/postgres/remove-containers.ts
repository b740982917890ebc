/**
 * `node remove-containers.ts OWNER`: waits until standard input ends, then removes the containers of
 * that owner with their volumes. See remover.ts.
 */
import { OWNED } from './remover.ts';

const [owner = ''] = process.argv.slice(2);
for await (const _ of process.stdin) void _;

// Only now: whoever waits needs no memory for it.
const { getContainerRuntimeClient } = await import('testcontainers');
const { dockerode } = (await getContainerRuntimeClient()).container;
const containers = await dockerode.listContainers({
  all: true,
  filters: { label: [`${OWNED}=${owner}`] },
});
await Promise.all(
  containers.map(({ Id }) => dockerode.getContainer(Id).remove({ force: true, v: true })),
);
