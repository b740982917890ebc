import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { nameFromDisk, nameFromText, textFromName } from '../../src/guard/index.ts';

/** Names as a disk may hold them: any bytes, and often what our own escapes are made of. */
const anyName = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          '\\',
          'x',
          'u',
          '{',
          '}',
          '0',
          '4',
          'F',
          '\\x{41}',
          '\\u{200B}',
          '\\u{5C}',
        ),
      },
      {
        weight: 2,
        arbitrary: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
      },
      { weight: 1, arbitrary: fc.constantFrom('\u00E2\u0080\u008B', '\u00C3\u00A9') },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join('').replaceAll('/', '_'));

test(
  verifies(
    'E9.visible',
    'E9.names',
    'every name that is shown can be sent back, whatever its bytes',
  ),
  () => {
    fc.assert(
      fc.property(anyName, (bytes) => {
        const shown = textFromName(nameFromDisk(bytes));
        expect([bytes, shown, nameFromText(shown)]).toEqual([bytes, shown, bytes]);
        expect(shown).not.toMatch(/[\p{Cc}\u200B]/u);
      }),
      { numRuns: 3000 },
    );
  },
);

test(verifies('E9.names', 'two names are never shown alike'), () => {
  fc.assert(
    fc.property(anyName, anyName, (one, other) => {
      const [first, second] = [one, other].map((name) => textFromName(nameFromDisk(name)));
      expect(first === second).toBe(one === other);
    }),
    { numRuns: 3000 },
  );
});
