import { readFileSync } from 'node:fs';

import type { ServerCommand } from '../clients.ts';
import { docker } from './engine.ts';

/** What somebody finds who has broken into a container. */
export interface Posture {
  /** Files that are not the kernel's. */
  readonly files: readonly string[];
  /** Those of them that can be run, libraries aside. */
  readonly programs: readonly string[];
  /** Those of them that are run as their owner. */
  readonly special: readonly string[];
  /** Directories in which a file could be made. */
  readonly writable: readonly string[];
  /** Files that could be opened to be written. */
  readonly changeable: readonly string[];
  /** How many directories were tried. */
  readonly directories: number;
  /** What the kernel says of a process there: capabilities, user, filters. */
  readonly status: Readonly<Record<string, string>>;
  /** Shells that ran. */
  readonly shells: readonly string[];
  readonly interfaces: readonly string[];
}

const PROBE = new URL('./posture-probe.ts', import.meta.url);

/** There is no shell, so Node is what an intruder has. */
export const NODE = '/usr/local/bin/node';

/** What Node is told so that it is the intruder, where a server would have its arguments. */
export function probeArguments(): readonly string[] {
  return ['--input-type=module-typescript', '--eval', readFileSync(PROBE, 'utf8')];
}

/** Runs the probe in the place of a server. */
export async function postureIn({ args }: ServerCommand): Promise<Posture> {
  const { status, stdout, stderr } = await docker(...args);
  if (status !== 0) throw new Error(`the probe failed: ${stderr}`);
  return JSON.parse(stdout);
}
