import fc from 'fast-check';
import { expect, test } from 'vitest';

import { seal, unseal } from '../src/index.ts';

test('a sealed text opens for its own question only', () => {
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.json(), (text, question, other) => {
      fc.pre(question !== other);
      expect(unseal(question, seal(question, text))).toBe(text.toWellFormed());
      expect(unseal(other, seal(question, text))).toBeUndefined();
    }),
  );
});

test('a sealed text that was changed anywhere does not open', () => {
  const sealed = Buffer.from(seal('question', 'text'), 'base64');
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8((sealed[at] ?? 0) ^ 1, at);
    expect(unseal('question', changed.toString('base64'))).toBeUndefined();
  }
});

test.each(['', 'x', '====', 'A'.repeat(38), 'nothing of ours'])('%j does not open', (text) => {
  expect(unseal('question', text)).toBeUndefined();
});

test('what is sealed cannot be read, and is never sealed the same way twice', () => {
  const sealed = seal('question', 'a name with a secret');
  expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('secret');
  expect(seal('question', 'a name with a secret')).not.toBe(sealed);
});
