import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { JSON_DEPTH_MAX, parseStrictJson } from '../src/index.ts';

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

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}
