import fc from 'fast-check';

/** Paths that have to be refused by their words alone, whatever the disk holds. */
export const TRAVERSALS: readonly string[] = [
  '..',
  '../',
  '../../../../etc/passwd',
  'inner/../../outside.txt',
  './../outside.txt',
  'inner/./.././../outside.txt',
  '/etc/passwd',
  '//etc/passwd',
  '/proc/self/environ',
  '/proc/self/root/etc/passwd',
  'file:///etc/passwd',
  '~/.ssh/id_rsa',
  '..\\..\\etc\\passwd',
  '%2e%2e/outside.txt',
  '..%2foutside.txt',
  '..\u{2215}outside.txt',
  '．．/outside.txt',
  '\\u{2E}\\u{2E}/outside.txt',
  '\\u{2F}etc\\u{2F}passwd',
  'inner\\u{2F}..\\u{2F}..\\u{2F}outside.txt',
  '\\x{2E}\\x{2E}/outside.txt',
  `${'../'.repeat(500)}etc/passwd`,
];

/** Paths that are malformed before anything is looked up. */
export const MALFORMED: readonly string[] = [
  'a\\u{0}b',
  'a\\x{00}b',
  'x'.repeat(256),
  'a/'.repeat(257),
];

const NAMES = ['a', 'b', 'dir', 'inner', 'link', 'up', 'loop', 'away', 'file', 'missing'];

/** Paths made of the names that a test tree uses, with every kind of step between. */
export const anyPath: fc.Arbitrary<string> = fc
  .array(
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES) }, fc.constantFrom('.', '..', '')),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((steps) => steps.join('/'));

/** The text of a link: relative, absolute, or nonsense. */
export const anyLinkTarget: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: anyPath },
  fc.constantFrom('/', '/etc/passwd', '..', '../..', '../../outside', './', 'a//b/'),
);
