import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import {
  hasKnownHoles,
  isTooOld,
  labelOf,
  needle,
  parseGitVersion,
  parseOid,
  parseRepositoryId,
  readCursor,
  repositoryIdFrom,
  since,
  START,
  textOfVersion,
  until,
  writeCursor,
} from '../../src/guard/index.ts';

describe('a needle', () => {
  test.each(['a', 'Ada <ada@x>', '--output=x', '^[', 'ü', '\u200b', ' '])('%j is one', (text) => {
    expect(needle.parse(text)).toBe(text);
  });

  test.each(['', 'a\nb', 'a\n', '\r', 'a\0', '\udc00', 'a'.repeat(257)])(
    verifies('C2.arguments', '%j is none'),
    (text) => {
      expect(needle.safeParse(text).success).toBe(false);
    },
  );
});

describe('the id of a repository', () => {
  test.each([
    ['app', []],
    ['app/vendor/lib', ['vendor', 'lib']],
    ['app/é', ['é']],
    ['app/a\\u{A}b', ['a\nb']],
    ['app/a b', ['a b']],
    ['app/x.git', ['x.git']],
  ])('%j is read, and written so again', (text, steps) => {
    const id = parseRepositoryId(text);
    expect(id).toEqual({ root: 'app', steps });
    expect(labelOf(id)).toBe(text);
    expect(repositoryIdFrom('app', steps)).toEqual(id);
  });

  test.each([
    '',
    '/',
    'app/',
    '/app',
    'app//x',
    'app/.',
    'app/..',
    'app/../other',
    'app/\\u{2E}\\u{2E}',
    'app/a\\u{2F}b',
    'app/a\\u{0}b',
    'app/.git',
    'app/x/.GIT/modules',
    'app/git~1',
    'App',
    '../app',
    'app\\x',
    'app/\\u{61}',
    'app/a\u200bb',
    'app/\ud800',
    `app/${'a'.repeat(256)}`,
    'app/'.repeat(129),
  ])(verifies('C3.words', '%j is refused'), (text) => {
    expect(() => parseRepositoryId(text)).toThrow(
      expect.objectContaining({ code: 'repository.unknown', detail: 'malformed id' }),
    );
  });

  test('a directory that nobody can name has no id', () => {
    expect(repositoryIdFrom('app', ['caf\ufffd'])).toBe(undefined);
    expect(repositoryIdFrom('app', ['..'])).toBe(undefined);
  });
});

describe('a cursor', () => {
  const oid = 'a'.repeat(40);

  test('leads on in its own question only', () => {
    const text = writeCursor(['log', 'main'], { skip: 50, oid, base: oid });
    expect(readCursor(text, ['log', 'main'])).toEqual({ skip: 50, oid, base: oid });
    expect(readCursor(undefined, 'x')).toBe(START);
    expect(text).not.toContain(oid);
    for (const [changed, question] of [
      [text, ['log', 'other']],
      [text.slice(0, -4), ['log', 'main']],
      [`A${text.slice(1)}`, ['log', 'main']],
      ['', ['log', 'main']],
      [Buffer.from('{"skip":1}').toString('base64'), ['log', 'main']],
    ] as const) {
      expect(() => readCursor(changed, question)).toThrow(
        expect.objectContaining({ code: 'cursor.invalid' }),
      );
    }
  });

  test(verifies('C2.arguments', 'an object in it is a full name'), () => {
    const text = writeCursor('x', { skip: 0, oid: '--output=x' });
    expect(() => readCursor(text, 'x')).toThrow(
      expect.objectContaining({ code: 'cursor.invalid' }),
    );
  });
});

describe('a day or a moment', () => {
  test.each([
    ['1970-01-01', 0, 86_399],
    ['2026-11-20', 1_795_132_800, 1_795_219_199],
    ['2024-02-29', 1_709_164_800, 1_709_251_199],
    ['2026-11-20T09:30:00Z', 1_795_167_000, 1_795_167_000],
    ['2026-11-20t09:30:00.123z', 1_795_167_000, 1_795_167_000],
    ['2026-11-20T09:30:00+02:00', 1_795_159_800, 1_795_159_800],
    ['2026-11-20 09:30:00-05:30', 1_795_186_800, 1_795_186_800],
  ])('%s', (text, first, last) => {
    expect([since.parse(text), until.parse(text)]).toEqual([first, last]);
  });

  test.each([
    '',
    'yesterday',
    'tea time',
    'now',
    '2026',
    '2026-13-01',
    '2026-02-29',
    '2026-02-31',
    '2026-11-20T24:00:00Z',
    '2026-11-20T09:60:00Z',
    '2026-11-20T09:30:00',
    '2026-11-20T09:30Z',
    '2026-11-20T09:30:00+24:00',
    '--all',
    '1795132800',
    '2026-11-20\n',
  ])('%j is none', (text) => {
    expect([since.safeParse(text).success, until.safeParse(text).success]).toEqual([false, false]);
  });
});

describe('a version of git', () => {
  test.each([
    ['git version 2.39.5\n', '2.39.5'],
    ['git version 2.39.5 (Apple Git-154)', '2.39.5'],
    ['git version 2.47.1.windows.2', '2.47.1'],
    ['git version 2.51.0-rc1', '2.51.0'],
    ['git version 2.45', '2.45.0'],
  ])('%j', (text, version) => {
    expect(textOfVersion(parseGitVersion(text) ?? { major: 0, minor: 0, patch: 0 })).toBe(version);
  });

  test.each(['', '2.39.5', 'git version', 'git version x', 'hub version 2.39.5'])(
    '%j is none',
    (text) => {
      expect(parseGitVersion(text)).toBe(undefined);
    },
  );

  test.each([
    ['2.38.9', true, true],
    ['2.39.0', false, true],
    ['2.39.4', false, false],
    ['2.39.5', false, false],
    // Between two lines of the table: nobody knows of a mended release.
    ['2.40.9', false, true],
    ['2.43.6', false, true],
    ['2.43.7', false, false],
    ['2.44.3', false, true],
    ['2.50.0', false, true],
    ['2.50.1', false, false],
    ['2.51.0', false, false],
    ['3.0.0', false, false],
    ['1.9.5', true, true],
  ])('%s: too old %s, with holes %s', (text, old, holes) => {
    const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
    const version = { major, minor, patch };
    expect([isTooOld(version), hasKnownHoles(version)]).toEqual([old, holes]);
  });
});

test(verifies('C2.arguments', 'a full name is 40 or 64 digits and nothing else'), () => {
  expect(parseOid('a'.repeat(40))).toBe('a'.repeat(40));
  expect(parseOid('0'.repeat(64))).toBe('0'.repeat(64));
  for (const text of [
    '',
    'a'.repeat(39),
    'A'.repeat(40),
    `${'a'.repeat(40)}\n`,
    `-${'a'.repeat(39)}`,
  ])
    expect(parseOid(text)).toBe(undefined);
});
