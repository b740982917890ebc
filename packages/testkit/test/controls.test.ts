import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { allPromises, type Control, CONTROLS, SERVERS } from '../src/index.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Every id that a test cites, as it stands in the sources. */
function citedIds(): ReadonlySet<string> {
  const files = globSync('{packages,servers}/*/{test,src}/**/*.ts', { cwd: REPOSITORY });
  const sources = files.map((file) => readFileSync(join(REPOSITORY, file), 'utf8'));
  const citations = sources.flatMap((source) => [...source.matchAll(/verifies\(([^)]*)/gs)]);
  return new Set(citations.flatMap(([, list = '']) => list.match(/[CE]\d+\.[a-z-]+/g) ?? []));
}

const controls: readonly (readonly [id: string, control: Control])[] = Object.entries(CONTROLS);

describe('the checklist', () => {
  test('has every item', () => {
    const ids = (letter: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${letter}${String(index + 1)}`);
    expect(Object.keys(CONTROLS)).toEqual([...ids('C', 13), ...ids('E', 14)]);
  });

  test('every promise is cited by a test', () => {
    const cited = citedIds();
    expect(
      allPromises()
        .map(([id]) => id)
        .filter((id) => !cited.has(id)),
    ).toEqual([]);
  });

  test('every id that is cited is a promise', () => {
    const known = new Set(allPromises().map(([id]) => id));
    expect([...citedIds()].filter((id) => !known.has(id))).toEqual([]);
  });

  test.each(controls)(
    '%s is demonstrated, or says why not',
    (id, { promises, absent, code, pattern }) => {
      expect(Object.keys(promises).every((promise) => promise.startsWith(`${id}.`))).toBe(true);
      const undemonstrated = SERVERS.filter(
        (server) => absent?.[server] === undefined && absent?.all === undefined,
      );
      const isDemonstrated = Object.keys(promises).length > 0;
      expect(isDemonstrated || undemonstrated.length === 0).toBe(true);
      for (const file of code)
        expect([file, existsSync(join(REPOSITORY, file))]).toEqual([file, true]);
      if (pattern !== undefined) {
        expect([pattern, existsSync(join(REPOSITORY, 'docs', pattern))]).toEqual([pattern, true]);
      }
    },
  );
});
