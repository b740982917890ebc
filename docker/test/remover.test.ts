import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { imageOf } from '@secure-mcp/testkit/containers';
import { describe, expect, inject, test } from 'vitest';

import { docker } from './composition.ts';

/** Starts a container on a network with a volume, says whose they are, and waits to be killed. */
const CHILD = `
  import { execFileSync } from 'node:child_process';
  import { startRemover } from '@secure-mcp/testkit/containers';
  const { owner } = startRemover('secure-mcp.test');
  const docker = (...args) => execFileSync('docker', args);
  const label = '--label=secure-mcp.test=' + owner;
  docker('network', 'create', label, owner);
  docker('volume', 'create', label, owner);
  docker('run', '--detach', label, '--network=' + owner, '--volume=' + owner + ':/data',
    '--entrypoint=/usr/local/bin/node', process.argv[1], '-e', 'setInterval(() => {}, 1000)');
  console.log(owner);
  setInterval(() => {}, 1000);`;

describe.runIf(inject('containers'))('what a process started', () => {
  test('goes when it is killed: containers, networks and volumes', async () => {
    const child = spawn(
      process.execPath,
      [
        '--conditions=@secure-mcp/source',
        '--input-type=module',
        '-e',
        CHILD,
        imageOf('filesystem'),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: fileURLToPath(new URL('.', import.meta.url)) },
    );
    const [owner] = await once(createInterface(child.stdout), 'line');
    const mine = ['--quiet', '--filter', `label=secure-mcp.test=${String(owner)}`];
    const left = async (): Promise<readonly number[]> => {
      const lists = [
        ['ps', '--all'],
        ['network', 'ls'],
        ['volume', 'ls'],
      ];
      const found = await Promise.all(lists.map((list) => docker(...list, ...mine)));
      return found.map((lines) => lines.split('\n').length - 1);
    };
    expect(await left()).toEqual([1, 1, 1]);
    child.kill('SIGKILL');
    await expect.poll(left, { timeout: 20_000, interval: 500 }).toEqual([0, 0, 0]);
  });
});
