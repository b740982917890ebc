import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

test('the demo ends with everything as it promised', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@secure-mcp/source', 'scripts/demo/main.ts'],
    { cwd: REPOSITORY },
  );
  const [, held, steps] = /(\d+) of (\d+) as promised/.exec(stdout) ?? [];
  expect(Number(steps)).toBeGreaterThan(20);
  expect(held).toBe(steps);
  expect(stdout).toContain('claude mcp add');
});
