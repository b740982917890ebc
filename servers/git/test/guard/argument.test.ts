import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import {
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

function fail(): never {
  throw new Error('This is no name of an object.');
}
