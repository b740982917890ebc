import { attacks, verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fromVisible, toVisible, toVisibleName } from '../src/index.ts';

describe('toVisible', () => {
  test.each(attacks.HIDDEN_TEXTS)(verifies('E9.visible', '$name is shown'), ({ text, hidden }) => {
    const visible = toVisible(text);
    expect(visible.escaped).toBe(hidden);
    expect(visible.text.match(/\\u\{[0-9A-F]+\}/g)).toHaveLength(hidden);
    expect(fromVisible(visible.text)).toBe(text);
  });

  test.each(attacks.ORDINARY_TEXTS)('%j stays as it is', (text) => {
    expect(toVisible(text)).toEqual({ text, escaped: 0 });
  });

  test(verifies('E9.visible', 'every text can be had back exactly'), () => {
    const hidden = fc.constantFrom(
      '\u202E',
      '\u{E0041}',
      '\\u{41}',
      '\\x{41}',
      '\\',
      '\r',
      '\0',
      '\u200D',
      '\uFE0F',
    );
    const text = fc
      .array(fc.oneof(fc.string({ unit: 'binary' }), hidden))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (original) => {
        expect(fromVisible(toVisible(original).text)).toBe(original);
        expect(fromVisible(toVisibleName(original))).toBe(original);
      }),
    );
  });

  test(verifies('E9.names', 'a name is one line'), () => {
    expect(toVisibleName('a\nfile  docs:forged\t1')).toBe('a\\u{A}file  docs:forged\\u{9}1');
  });

  test('a text that already holds an escape is told apart from an escaped one', () => {
    expect(toVisible('\\u{202E}').text).toBe('\\u{5C}u{202E}');
    expect(fromVisible('\\u{110000}')).toBe('\\u{110000}');
  });
});
