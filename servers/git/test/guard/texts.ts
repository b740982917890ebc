import fc from 'fast-check';

/** Texts out of the pieces that revisions, refs and their attacks are made of. */
export const likeRevisions = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('main', 'v1', 'a', 'HEAD', '@', 'refs/heads/', 'x') },
      {
        weight: 3,
        arbitrary: fc.constantFrom('~', '^', '~2', '^{tree}', '@{1}', '@{u}', '/', '.', '-', '_'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          '..',
          ':',
          '@{',
          '{',
          '}',
          '.lock',
          ' ',
          '\\',
          '\\u{',
          '--',
          '*',
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** Paths out of the pieces that paths and their attacks are made of, as binary strings. */
export const likePaths = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'src', 'x.ts', '/', '/', '.', '-', 'git') },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          '..',
          '.git',
          '.GIT',
          'git~1',
          '\\',
          ':',
          ' ',
          '\\x{E9}',
          '\\u{',
        ),
      },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\xe2\x80\x8c', '\xef\xbb\xbf', '\xc3\xa9', '\xe2\x81\xaa'),
      },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''));
