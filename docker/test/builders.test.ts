import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { imageOf } from '@secure-mcp/testkit/containers';
import { afterAll, describe, expect, inject, test } from 'vitest';

import { docker } from './composition.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const IMAGES = { classic: `${imageOf('filesystem')}-classic`, kit: `${imageOf('filesystem')}-kit` };

/** In CI the plugin has to be there, so there its absence fails. */
const hasKit =
  process.env['CI'] === 'true' || (await docker('buildx', 'version').catch(() => '')) !== '';
if (!hasKit) console.log('BuildKit is left out: `docker buildx` is missing');

describe.runIf(inject('containers') && hasKit)('an image', () => {
  afterAll(() => docker('image', 'rm', '--force', ...Object.values(IMAGES)).then(() => undefined));

  test('is the same from the classic builder and from BuildKit', async () => {
    await build(IMAGES.classic, '0');
    await build(IMAGES.kit, '1');
    const [classic, kit] = [await look(IMAGES.classic), await look(IMAGES.kit)];
    expect(classic.files.filter((line) => line.endsWith(' app/main.cjs'))).toHaveLength(1);
    expect(kit).toEqual(classic);
  }, 120_000);
});

async function build(image: string, kit: '0' | '1'): Promise<void> {
  const from = ['--file', 'docker/Dockerfile', '--build-arg', 'SERVER=filesystem'];
  await promisify(execFile)('docker', ['build', ...from, '--tag', image, '.'], {
    cwd: REPOSITORY,
    env: { ...process.env, DOCKER_BUILDKIT: kit },
  });
}

/** Each file with its mode and owner, and how the image is run. */
async function look(image: string) {
  const format =
    '{{ json .Config.User }} {{ json .Config.Entrypoint }} {{ json .Config.Healthcheck }}';
  const config = await docker('image', 'inspect', `--format=${format}`, image);
  const container = (await docker('create', image)).trim();
  const list = `docker export ${container} | tar --list --verbose --numeric-owner`;
  const { stdout } = await promisify(execFile)('sh', ['-c', list]);
  await docker('rm', container);
  const files = stdout
    .split('\n')
    .map((line) => line.split(/\s+/))
    .map(([mode = '', owner = '', , , , ...path]) => `${mode} ${owner} ${path.join(' ')}`)
    .toSorted();
  return { config, files };
}
