import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { byteStringFromText, textFromByteString } from '../src/index.ts';

/** Bytes of which most are parts of characters, whole, cut, overlong or too large. */
const byte = fc.oneof(
  fc.nat(0xff),
  fc.constantFrom(...Buffer.from('5c787f808f909fa0bfc0c1c2dfe0e2edeff0f3f4f5ff', 'hex')),
);
const binary = fc
  .array(byte, { maxLength: 64 })
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

/** What the platform's own decoder says of each place: how many bytes its character has, or none. */
function lengths(bytes: Buffer): number[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += Math.max(1, found.at(-1) ?? 1)) {
    const fits = [1, 2, 3, 4].filter((length) => at + length <= bytes.length);
    const length = fits.find((candidate) => {
      try {
        return decoder.decode(bytes.subarray(at, at + candidate)) !== '';
      } catch {
        return false;
      }
    });
    found.push(length ?? 0);
  }
  return found;
}

test(verifies('E9.visible', 'exactly what is no UTF-8 is shown as bytes'), () => {
  fc.assert(
    fc.property(binary, (name) => {
      const bytes = Buffer.from(name, 'latin1');
      const bad = lengths(bytes).filter((length) => length === 0).length;
      const isEscape = /(?<!\\u\{5C\})\\x\{[0-9A-F]{2}\}/g;
      expect([...textFromByteString(name).matchAll(isEscape)]).toHaveLength(bad);
    }),
    { numRuns: 2000 },
  );
});

test(
  verifies('E9.visible', 'every beginning of a character is judged as the decoder judges it'),
  () => {
    const leads = Array.from({ length: 64 }, (_, at) => 0xc0 + at);
    const seconds = Array.from({ length: 66 }, (_, at) => 0x7f + at);
    const names = leads.flatMap((lead) =>
      seconds.flatMap((second) =>
        ['', '\x80', '\x80\xbf'].map((rest) => String.fromCharCode(lead, second) + rest),
      ),
    );
    const wrong = names.filter((name) => {
      const bad = lengths(Buffer.from(name, 'latin1')).filter((length) => length === 0).length;
      return textFromByteString(name).split('\\x{').length - 1 !== bad;
    });
    expect(wrong).toEqual([]);
  },
);

test(
  verifies('C10.repository-bombs', 'four megabytes that are no UTF-8 are shown in time'),
  { timeout: 120_000 },
  () => {
    const names = ['\x80', '\xf0', '\xe2\x82', 'a\xff', '\xc3\xa9\x80'];
    const started = performance.now();
    for (const unit of names) {
      const name = unit.repeat(4_194_304 / 4 / unit.length);
      expect(textFromByteString(name).length).toBeGreaterThan(name.length);
    }
    // A fifth of a second each; with an exception for each byte, it is half a minute for all.
    expect(performance.now() - started).toBeLessThan(15_000);
  },
);

test.each([
  ['plain.txt', 'plain.txt'],
  ['caf\xc3\xa9', 'café'],
  ['caf\xe9', 'caf\\x{E9}'],
  ['a\nb', 'a\\u{A}b'],
  ['\\u{A}', '\\u{5C}u{A}'],
  ['\xef\xbb\xbfa', '\\u{FEFF}a'],
  ['\xed\xa0\x80', '\\x{ED}\\x{A0}\\x{80}'],
  ['\\x{E9}\xe9', '\\u{5C}x{E9}\\x{E9}'],
])('%j is shown as %j', (name, text) => {
  expect(textFromByteString(name)).toBe(text);
});
