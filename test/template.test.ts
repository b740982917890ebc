import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { bundleServers, copyOfSources, runTestsIn } from '../scripts/copy.ts';

const copy = copyOfSources();
afterAll(() => rmSync(copy, { recursive: true }));

function rename(file: string): void {
  const path = join(copy, 'servers/yours', file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text
      .replaceAll('secure-mcp-filesystem', 'secure-mcp-yours')
      .replaceAll('@secure-mcp/filesystem', '@secure-mcp/yours'),
  );
}

test('a server that is copied, with its name changed in two files, passes its tests', () => {
  cpSync(join(copy, 'servers/filesystem'), join(copy, 'servers/yours'), { recursive: true });
  rename('package.json');
  rename('src/server.ts');
  bundleServers(copy);
  const { verdict, output } = runTestsIn(copy, [
    'servers/yours/test/contract.test.ts',
    'packages/testkit/test/floor-plan.test.ts',
  ]);
  expect(output).toMatch(/Test Files {2}2 passed/);
  expect(verdict).toBe('passed');
}, 120_000);
