import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { allPromises, citations } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { MUTATIONS, WITHOUT_MUTATION } from '../scripts/prove/mutations.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

test('every promise has a line that can be taken out, or a reason why it has none', () => {
  const broken = new Set<string>(MUTATIONS.map(({ promise }) => promise));
  const excused = new Set(Object.keys(WITHOUT_MUTATION));
  const promises = allPromises().map(([id]) => id);
  expect(promises.filter((id) => !broken.has(id) && !excused.has(id))).toEqual([]);
  expect([...excused].filter((id) => broken.has(id) || !promises.includes(id))).toEqual([]);
});

const cited = citations();
/** Tests that every server runs, cited where they are written. */
const CONTRACTS = [
  'packages/testkit/src/contract',
  'packages/testkit/src/http-contract',
  'packages/testkit/src/containers/contract',
];
const RUNS_CONTRACT = /\/(?:contract|conformance|http)\.test\.ts$/;

describe.each(MUTATIONS)('$promise without a line of $file', ({ promise, file, ...mutation }) => {
  const { control, without, tests } = mutation;

  test('the line stands there once', () => {
    const pieces = readFileSync(join(REPOSITORY, file), 'utf8').split(control);
    expect(pieces).toHaveLength(2);
    expect(without).not.toBe(control);
  });

  test.each(tests)('%s exists, and cites the promise', (path) => {
    expect(existsSync(join(REPOSITORY, path))).toBe(true);
    const places = RUNS_CONTRACT.test(path) ? [path, ...CONTRACTS] : [path];
    const citing = cited.filter((citation) => citation.promise === promise);
    expect(citing.some((citation) => places.some((place) => citation.file.startsWith(place)))).toBe(
      true,
    );
  });
});
