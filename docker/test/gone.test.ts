import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { containersWith } from '@secure-mcp/testkit/containers';
import { describe, expect, inject, test } from 'vitest';

const HOLDER = fileURLToPath(new URL('./holds-a-container.ts', import.meta.url));
const SOON = { timeout: 20_000, interval: 200 };

describe.runIf(inject('containers'))('containers that a test starts', () => {
  test('are gone when it is killed, even those that would never end', async () => {
    const child = spawn(process.execPath, ['--conditions=@secure-mcp/source', HOLDER], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = await once(child.stdout, 'data');
    const label = JSON.parse(String(said));
    await expect.poll(async () => (await containersWith(label)).length, SOON).toBe(1);
    child.kill('SIGKILL');
    await expect.poll(async () => (await containersWith(label)).length, SOON).toBe(0);
  });
});
