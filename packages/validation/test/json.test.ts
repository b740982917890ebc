import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { JSON_DEPTH_MAX, JSON_FILE_LIMITS, parseStrictJson } from '../src/index.ts';

describe('parseStrictJson', () => {
  test('reads what JSON.parse reads, when it has one meaning', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const parsed = parseStrictJson(text);
        // Generated keys can be `__proto__`, and generated numbers can be too large to be exact.
        if (parsed.ok) expect(parsed.value).toEqual(JSON.parse(text));
        else expect(['forbidden key', 'unsafe number']).toContain(parsed.problem);
      }),
    );
  });

  test(
    verifies(
      'C1.one-meaning',
      'finds every duplicate key, wherever it stands and however it is written',
    ),
    () => {
      fc.assert(
        fc.property(fc.string(), fc.jsonValue(), fc.nat(3), (key, value, depth) => {
          const member = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
          const escaped = `"${Array.from(key, escapeUnits).join('')}":1`;
          const object = `{${member},"other":[":","\\"",{}],${escaped}}`;
          const text = `${'['.repeat(depth)}${object}${']'.repeat(depth)}`;
          expect(parseStrictJson(text)).toMatchObject({ ok: false });
        }),
      );
    },
  );

  test.each([
    ['{"a":1,"a":1}', 'duplicate key'],
    ['{"a":{"b":1,"b":1}}', 'duplicate key'],
    ['{"a":"\\\\","a":":"}', 'duplicate key'],
    ['{"__proto__":{}}', 'forbidden key'],
    ['"\\ud800"', 'lone surrogate'],
    ['{"\\udc00":1}', 'lone surrogate'],
    ['9007199254740992', 'unsafe number'],
    ['1e999', 'unsafe number'],
    ['1e-400', 'unsafe number'],
    ['[-0.001e-400]', 'unsafe number'],
    [`0.${'3'.repeat(100)}`, 'unsafe number'],
    [`1${'0'.repeat(900_000)}`, 'unsafe number'],
    ['[1,]', 'syntax'],
    ['', 'syntax'],
  ])(verifies('C1.one-meaning', '%s is refused: %s'), (text, problem) => {
    expect(parseStrictJson(text)).toEqual({ ok: false, problem });
  });

  test(verifies('C1.one-meaning', 'nesting has a limit, and no depth overflows the stack'), () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(parseStrictJson(nested(JSON_DEPTH_MAX))).toMatchObject({ ok: true });
    expect(parseStrictJson(nested(JSON_DEPTH_MAX + 1))).toMatchObject({ problem: 'too deep' });
    expect(parseStrictJson(nested(100_000))).toMatchObject({ problem: 'too deep' });
  });
});

test.each(['0', '-0', '0.0e10', '5e-324', '-1.7976931348623157e-300', '{"a":[1,-2.5e3]}'])(
  'the number %s is read',
  (text) => {
    expect(parseStrictJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  },
);

test(verifies('E2.body', 'a text of more values or members than a tool takes is refused'), () => {
  const members = (count: number): string =>
    `{${Array.from({ length: count }, (_, at) => `"${String(4_294_967_294 - 3 * at)}":0`).join()}}`;
  const list = (count: number, item: string): string =>
    `[${Array.from({ length: count }, () => item).join()}]`;
  expect(parseStrictJson(members(1000))).toMatchObject({ ok: true });
  expect(parseStrictJson(members(1001))).toEqual({ ok: false, problem: 'too many members' });
  expect(parseStrictJson(list(5000, '{"a":1}'))).toMatchObject({ problem: 'too many values' });
  expect(parseStrictJson(list(9000, '1'))).toMatchObject({ ok: true });
  expect(parseStrictJson(list(50_000, '{}'))).toMatchObject({ problem: 'too many values' });
  expect(parseStrictJson(list(20_000, '1'), JSON_FILE_LIMITS)).toMatchObject({ ok: true });
});

test('what a text may hold is asked before anything is made of it', () => {
  // Not JSON: a parser would have said so.
  expect(parseStrictJson(`[${'{},'.repeat(20_000)}`)).toMatchObject({ problem: 'too many values' });
});

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}
