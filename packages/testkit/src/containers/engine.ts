import { getContainerRuntimeClient } from 'testcontainers';

import { runToEnd } from '../http-process.ts';
import type { Ended } from '../run-once.ts';

/** Runs a command of the engine to its end, half a minute at most. */
export function docker(...args: readonly string[]): Promise<Ended> {
  return runToEnd({ command: 'docker', args });
}

/** The same, where it cannot fail. Gives what it says. */
export async function dockerSays(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await docker(...args);
  if (status !== 0) throw new Error(`docker ${args[0] ?? ''}: ${stderr}`);
  return stdout.trim();
}

/** Ids of the containers that carry a label, running or not. */
export async function containersWith(label: Readonly<Record<string, string>>): Promise<string[]> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const wanted = Object.entries(label).map(([name, value]) => `${name}=${value}`);
  const found = await dockerode.listContainers({ all: true, filters: { label: wanted } });
  return found.map(({ Id }) => Id);
}
