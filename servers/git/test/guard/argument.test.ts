import { verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import {
  moment,
  needle,
  object,
  option,
  parseOid,
  parseTreePath,
  paths,
  range,
  ref,
  refName,
  TOP,
  without,
  word,
} from '../../src/guard/index.ts';
import { emptyRepository, runGit } from './git.ts';

const oid = parseOid('a'.repeat(40)) ?? fail();
const other = parseOid('b'.repeat(40)) ?? fail();

describe('arguments', () => {
  test('are what they say', () => {
    expect([
      word('--raw'),
      object(oid),
      range(oid, '...', other),
      without(oid),
      option('--max-count=', 5),
      option('-S', needle.parse('--output=x')),
      ref(refName.parse('main')),
    ]).toEqual([
      '--raw',
      oid,
      `${oid}...${other}`,
      `^${oid}`,
      '--max-count=5',
      '-S--output=x',
      'refs/heads/main',
    ]);
  });

  test(
    verifies('C2.arguments', 'paths stand behind the end of the options, and none looks like one'),
    () => {
      const those = ['--output=x', '-z', ':(glob)**', 'é'].map(parseTreePath);
      expect(paths(those)).toEqual(['--', './--output=x', './-z', ':(glob)**', 'é']);
      expect(paths([])).toEqual(['--']);
      expect(paths([parseTreePath('a'), TOP])).toEqual(['--']);
    },
  );

  test(
    verifies('C2.arguments', 'a path that is no UTF-8 is refused, not changed into another'),
    () => {
      for (const text of ['caf\\x{E9}', '\\x{C3}', '\\x{ED}\\x{A0}\\x{80}', '\\x{C0}\\x{AF}'])
        expect(() => paths([parseTreePath(text)])).toThrow(
          expect.objectContaining({ code: 'path.encoding' }),
        );
      expect(paths([parseTreePath('\\u{FEFF}a\ufffd')])).toEqual(['--', '\ufeffa\ufffd']);
    },
  );
});

describe('in git itself', () => {
  const repository = emptyRepository();
  afterAll(() => repository.remove());
  for (const seconds of [100, 50_000_000, 1_700_000_000]) {
    const date = `@${String(seconds)} +0000`;
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
    repository.write('a', String(seconds));
    runGit(repository.path, ['add', '.']);
    // The date of the committer counts, and only the environment sets it.
    runGit(repository.path, [...who, 'commit', '-q', '-m', String(seconds), `--date=${date}`]);
    const amended = runGit(repository.path, ['cat-file', 'commit', 'HEAD']).out.replace(
      /^(committer .*> )\d+ .*$/m,
      `$1${date.slice(1)}`,
    );
    const made = runGit(repository.path, ['hash-object', '-t', 'commit', '-w', '--stdin'], amended);
    runGit(repository.path, ['update-ref', 'HEAD', made.out.trim()]);
  }
  const log = (...args: readonly string[]): string =>
    runGit(repository.path, ['log', '--format=%s', ...args, '--'])
      .out.trim()
      .split('\n')
      .join(' ');

  test('a moment is that moment, however early', () => {
    expect(log()).toBe('1700000000 50000000 100');
    expect(log(moment('--since=', 50_000_000))).toBe('1700000000 50000000');
    expect(log(moment('--since=', 50_000_001))).toBe('1700000000');
    expect(log(moment('--until=', 50_000_000))).toBe('50000000 100');
    expect(log(moment('--until=', 99))).toBe('');
    expect(log(moment('--since=', -5))).toBe('1700000000 50000000 100');
    expect(log(moment('--since=', 4_102_444_800))).toBe('');
  });
});

function fail(): never {
  throw new Error('no name');
}
