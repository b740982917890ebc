import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { docker } from '@secure-mcp/testkit/containers';

/** The versions that are served: the oldest that the server accepts, to the newest. */
const VERSIONS = [15, 16, 17, 18] as const;

/** An image of PostgreSQL that is there to be run. */
export interface PostgresImage {
  readonly version: number;
  readonly image: string;
}

export interface PostgresImages {
  readonly found: readonly PostgresImage[];
  /** The others, each with the reason, for people. */
  readonly missing: readonly string[];
}

/** How long one may take to arrive. Where no registry answers, that is known at once. */
const PULL_MS = 120_000;

/** Looks for the image of each version, and pulls those that are not there. */
export async function findPostgresImages(): Promise<PostgresImages> {
  const looked = await Promise.all(
    VERSIONS.map(async (version) => {
      const image = `postgres:${String(version)}-alpine`;
      return { version, image, why: await whyMissing(image) };
    }),
  );
  return {
    found: looked.filter(({ why }) => why === undefined),
    missing: looked.flatMap(({ image, why }) => (why === undefined ? [] : [`${image}: ${why}`])),
  };
}

/** The version of the suites that need one only. */
export const COMMON_IMAGE = 'postgres:17-alpine';

/** Pulls an image that is not there; why that did not work, for people. */
export async function whyMissing(image: string): Promise<string | undefined> {
  if ((await docker('image', 'inspect', image)).status === 0) return undefined;
  const pull = promisify(execFile)('docker', ['pull', '--quiet', image], { timeout: PULL_MS });
  return pull.then(
    () => undefined,
    () => 'it is not here, and cannot be pulled',
  );
}
