import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { dockerSays } from './engine.ts';

const REPOSITORY = fileURLToPath(new URL('../../../..', import.meta.url));

export const SERVERS = ['filesystem', 'postgres', 'git'] as const;
export type ServerName = (typeof SERVERS)[number];

/** Two clones on one machine would build over each other's. */
const TAG = process.env['TEST_IMAGE_TAG'] ?? 'test';

/** What tests run. A release has another tag, so no test ever runs one by mistake. */
export function imageOf(server: ServerName): string {
  return `secure-mcp-${server}:${TAG}`;
}

/** Builds the image of a server from its bundle, as the recipe tells its users to. Rejects with what the builder said. */
export async function buildImage(server: ServerName): Promise<void> {
  const args = ['--file', 'docker/Dockerfile', '--build-arg', `SERVER=${server}`];
  await promisify(execFile)('docker', ['build', ...args, '--tag', imageOf(server), '.'], {
    cwd: REPOSITORY,
  });
}

/** Bytes of an image, with all that it is made of. */
export async function sizeOf(image: string): Promise<number> {
  return Number(await dockerSays('image', 'inspect', '--format={{ .Size }}', image));
}
