import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
/** Types that this server gives to what comes without. */
const DECLARED = fileURLToPath(new URL('../src/**/*.d.ts', import.meta.url));
const TYPES = fileURLToPath(new URL('./trusted.types.ts', import.meta.url));

test(verifies('C3.trusted', 'C2.words', 'what no guard has seen does not compile'), async () => {
  const temp = makeTemp();
  const project = temp.write(
    'tsconfig.json',
    JSON.stringify({
      extends: `${REPOSITORY}tsconfig.json`,
      compilerOptions: { typeRoots: [`${REPOSITORY}node_modules/@types`], rootDir: REPOSITORY },
      include: [TYPES, DECLARED],
      exclude: [],
    }),
  );
  // An expected error that does not come is an error itself (TS2578).
  const { stdout } = await promisify(execFile)(`${REPOSITORY}node_modules/.bin/tsc`, [
    '--project',
    project,
    '--listFilesOnly',
  ]);
  expect(stdout).toContain('trusted.types.ts');
  const compiled = await promisify(execFile)(`${REPOSITORY}node_modules/.bin/tsc`, [
    '--project',
    project,
  ]);
  expect(compiled.stdout).toBe('');
  temp.remove();
});
