import { getContainerRuntimeClient } from 'testcontainers';

export interface ContainerRuntime {
  /** What answers, for people. */
  readonly name: string;
}

/** The container runtime that answers, if one does. */
export async function containerRuntime(): Promise<ContainerRuntime | undefined> {
  try {
    const { serverVersion, operatingSystem } = (await getContainerRuntimeClient()).info
      .containerRuntime;
    return { name: `${String(serverVersion)} on ${operatingSystem}` };
  } catch {
    return undefined;
  }
}

/** True while there is such a container, running or not. */
export async function hasContainer(id: string): Promise<boolean> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const containers = await dockerode.listContainers({ all: true, filters: { id: [id] } });
  return containers.length > 0;
}
