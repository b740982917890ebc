import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import manifest from '../package.json' with { type: 'json' };

/**
 * A bundler leaves out what is imported for its effect only, unless the package names it; and with a file
 * that only hands on others it leaves out what that one imports, unless it is named as well.
 */
test('what runs at the import of the package is kept by whoever bundles it', () => {
  const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
  const imported = Array.from(index.matchAll(/^import '\.\/(.+)\.ts';$/gm), ([, name]) => name);
  expect(imported).toContain('no-eval');
  const kept = ['index', ...imported].flatMap((name) => [
    `./src/${String(name)}.ts`,
    `./dist/${String(name)}.js`,
  ]);
  expect(manifest.sideEffects.toSorted()).toEqual(kept.toSorted());
});
