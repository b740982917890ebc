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
