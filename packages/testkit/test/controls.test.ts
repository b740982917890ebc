import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import {
  allPromises,
  citations,
  type Control,
  CONTROLS,
  SERVERS,
  testsServer,
} from '../src/index.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

const controls: readonly (readonly [id: string, control: Control])[] = Object.entries(CONTROLS);
const cited = citations();
const promises = new Set(allPromises().map(([id]) => id));
const servers = SERVERS.filter((server) => existsSync(join(REPOSITORY, 'servers', server)));

describe('the checklist', () => {
  test('has every item', () => {
    const ids = (letter: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${letter}${String(index + 1)}`);
    expect(Object.keys(CONTROLS)).toEqual([...ids('C', 13), ...ids('E', 14)]);
  });

  test('every promise is cited by a test', () => {
    const verified = new Set(cited.map(({ promise }) => promise));
    expect([...promises].filter((promise) => !verified.has(promise))).toEqual([]);
  });

  test('every id that is cited is a promise', () => {
    expect(cited.filter(({ promise }) => !promises.has(promise))).toEqual([]);
  });

  test('every citation is found: the documentation reads them from the sources', () => {
    const pattern =
      '{packages/*/test/**/*.test,servers/*/test/**/*.test,docker/test/**/*,packages/testkit/src/{,containers/}{contract,http-contract}*}.ts';
    const calls = globSync(pattern, { cwd: REPOSITORY }).flatMap((file) => [
      ...readFileSync(join(REPOSITORY, file), 'utf8').matchAll(/\bverifies\(/g),
    ]);
    const tests = new Set(cited.map(({ file, at }) => `${file}:${String(at)}`));
    expect(tests.size).toBe(calls.length);
  });

  test.each(controls)('%s names files that exist', (id, { promises: own, code, pattern }) => {
    expect(Object.keys(own).every((promise) => promise.startsWith(`${id}.`))).toBe(true);
    const files = pattern === undefined ? code : [...code, `docs/${pattern}`];
    expect(files.filter((file) => !existsSync(join(REPOSITORY, file)))).toEqual([]);
  });

  test.each(servers.flatMap((server) => controls.map(([id]) => [server, id] as const)))(
    '%s demonstrates %s by a test of its own, or says why not',
    (server, id) => {
      const control: Control | undefined = controls.find(([name]) => name === id)?.[1];
      const reason = control?.absent?.[server] ?? control?.absent?.all;
      const tests = cited.filter(
        (citation) => citation.promise.startsWith(`${id}.`) && testsServer(citation, server),
      );
      expect(tests.length > 0 || reason !== undefined).toBe(true);
    },
  );
});
