/**
 * `node remove-containers.ts LABEL=OWNER`: waits until standard input ends, then removes the containers
 * that carry the label, with their volumes, and what they shared. See remover.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const [label = ''] = process.argv.slice(2);
/** True where we are told that nothing more is made. Otherwise the other end is gone, and what it started may live. */
let asked = false;
for await (const _ of process.stdin) asked = true;

// Only now: whoever waits needs no memory for it.
const { getContainerRuntimeClient } = await import('testcontainers');
const { dockerode } = (await getContainerRuntimeClient()).container;
const marked = { filters: { label: [label] } };

/** What makes them goes on until it notices that nobody listens to it. */
const AGAIN_MS = 1000;
/** So that what cannot be removed does not keep this process for ever. */
const ROUNDS_MAX = 30;

for (let round = 1; (await removeAll()) > 0; round += 1) {
  if (round === ROUNDS_MAX) throw new Error(`not removed: ${label}`);
  if (!asked || round > 1) await sleep(AGAIN_MS);
}

/** Gives how many there were. What refuses now, because another holds it, is there in the next round. */
async function removeAll(): Promise<number> {
  const containers = await dockerode.listContainers({ ...marked, all: true });
  await Promise.allSettled(
    containers.map(({ Id }) => dockerode.getContainer(Id).remove({ force: true, v: true })),
  );
  const networks = await dockerode.listNetworks(marked);
  await Promise.allSettled(networks.map(({ Id }) => dockerode.getNetwork(Id).remove()));
  const { Volumes: volumes } = await dockerode.listVolumes(marked);
  await Promise.allSettled(volumes.map(({ Name }) => dockerode.getVolume(Name).remove()));
  return containers.length + networks.length + volumes.length;
}
