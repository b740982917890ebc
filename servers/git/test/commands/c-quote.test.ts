import fc from 'fast-check';
import { expect, test } from 'vitest';

import { unquoted } from '../../src/adapter/commands/c-quote.ts';
import { makeRepository } from './repository.ts';

test('names as git quotes them come back as they were', async () => {
  const repository = makeRepository();
  const blob = repository.run(['hash-object', '-w', '--stdin'], 'x').out.trim();
  const awkward = fc.constantFrom(
    '"',
    '\\',
    '\n',
    '\t',
    '\x07',
    '\x7f',
    '\x1b',
    '\xff',
    '\xc3',
    '\xa9',
    ' ',
    '7',
    'n',
  );
  const letter = fc.oneof(
    awkward,
    fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  );
  const name = fc
    .array(letter, { minLength: 1, maxLength: 20 })
    .map((letters) => letters.join('').replaceAll('/', '_'))
    .filter((text) => !/^\.{0,2}$|^\.git/i.test(text));
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 200 }), (names) => {
      const entries = names.map((text) => `100644 blob ${blob}\t${text}\0`).join('');
      const tree = repository.run(['mktree', '-z'], Buffer.from(entries, 'latin1')).out.trim();
      const written = repository.git('ls-tree', '--name-only', tree).split('\n').slice(0, -1);
      const exact = repository.git('ls-tree', '--name-only', '-z', tree).split('\0').slice(0, -1);
      expect(written.map(unquoted)).toEqual(exact);
    }),
    { numRuns: 20 },
  );
  await repository.remove();
});
