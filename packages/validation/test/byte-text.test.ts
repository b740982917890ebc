import fc from 'fast-check';
import { expect, test } from 'vitest';

import { byteStringFromText, textFromByteString } from '../src/index.ts';

const binary = fc
  .uint8Array({ maxLength: 64 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

test('any bytes come back from their text', () => {
  fc.assert(
    fc.property(binary, (name) => {
      const text = textFromByteString(name);
      expect(byteStringFromText(text)).toBe(name);
      expect(text).not.toMatch(/[\n\r\t]/);
    }),
  );
});

test.each([
  ['plain.txt', 'plain.txt'],
  ['caf\xc3\xa9', 'café'],
  ['caf\xe9', 'caf\\x{E9}'],
  ['a\nb', 'a\\u{A}b'],
  ['\\u{A}', '\\u{5C}u{A}'],
])('%j is shown as %j', (name, text) => {
  expect(textFromByteString(name)).toBe(text);
});
