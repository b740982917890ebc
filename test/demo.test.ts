import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** It builds a database and sixty traps first, and the machine may do much else. */
const PATIENCE_MS = 240_000;

test('the demo ends with everything as it promised', { timeout: PATIENCE_MS }, async () => {
  const { stdout, problem } = await play();
  const broken = stdout.match(/^ +✗ .*(?:\n {6}.*)*/gm) ?? [];
  expect({ broken, problem }).toEqual({ broken: [], problem: '' });
  const [, held, steps] = /(\d+) of (\d+) as promised/.exec(stdout) ?? [];
  expect(Number(steps)).toBeGreaterThan(20);
  expect(held).toBe(steps);
  expect(stdout).toContain('claude mcp add');
});

/** A demo that broke a promise ends with 1, and what it printed says which. */
function play(): Promise<{ stdout: string; problem: string }> {
  const args = ['--conditions=@secure-mcp/source', 'scripts/demo/main.ts'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: REPOSITORY }, (error, stdout, stderr) => {
      resolve({ stdout, problem: error === null ? '' : `${error.message}\n${stderr}` });
    });
  });
}
