import { execFile } from 'node:child_process';

import { getContainerRuntimeClient } from 'testcontainers';

import type { Ended } from '../run-once.ts';

/** How long a command of the engine may take, in milliseconds. */
const COMMAND_MS = 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024 ** 2;

/** Runs a command of the engine to its end. */
export function docker(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const limits = { timeout: COMMAND_MS, maxBuffer: OUTPUT_BYTES_MAX };
    const child = execFile('docker', args, limits, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
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

/** What the engine knows of a container, as far as tests look at it. */
export interface Inspected {
  readonly State: {
    readonly Pid: number;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly Config: {
    readonly Healthcheck: { readonly Test: readonly string[] };
    readonly ExposedPorts?: object;
  };
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

export async function inspect(container: string): Promise<Inspected> {
  return JSON.parse(await dockerSays('inspect', '--format={{ json . }}', container));
}
