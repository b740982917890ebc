import { spawnSync } from 'node:child_process';

import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { ere } from '../../src/guard/index.ts';
import { emptyRepository, runGit } from './git.ts';

const repository = emptyRepository();
afterAll(() => repository.remove());
repository.write('long.txt', `${'a'.repeat(1000)}\n${'ab'.repeat(500)}\nfoo(1, 22) bar_baz\n`);
repository.write('words.txt', 'tab\there\nfoo bar\nFOO\nüüü end\n1-2\n[x]\n');
runGit(repository.path, ['add', '.']);

/** Lines that git finds, by the index; undefined where it takes the pattern for none. */
function found(pattern: string, ...flags: readonly string[]): readonly string[] | undefined {
  const args = ['grep', '--cached', '-h', '-E', ...flags, '-e', pattern];
  const { code, out } = runGit(repository.path, args);
  if (code === 128) return undefined;
  return Buffer.from(out, 'latin1').toString().split('\n').slice(0, -1);
}

describe('an expression', () => {
  test.each([
    ['foo', 'foo'],
    ['^\\s*(export )?(async )?function \\w+\\(', '^\\s*(export )?(async )?function \\w+\\('],
    ['\\bfoo\\b|^bar$|\\<x\\>|\\By', '\\bfoo\\b|^bar$|\\<x\\>|\\By'],
    ['(?:a|b)+', '(a|b)+'],
    ['\\d{2,}\\D\\t', '[0-9]{2,}[^0-9]\t'],
    ['[]a-]', '[]a-]'],
    ['[^]]', '[^]]'],
    ['[[:alpha:]_-]+', '[[:alpha:]_-]+'],
    ['[\\\\]', '[\\\\]'],
    ['\\.\\*\\{\\/\\-\\"', '\\.\\*\\{/-"'],
    ['a{3}b{2,}c{1,100}', 'a{3}b{2,}c{1,100}'],
    ['é+', '(é)+'],
    ['}', '}'],
    ['(\\bfoo )+', '(\\bfoo )+'],
    ['((((((((((a))))))))))', '((((((((((a))))))))))'],
  ])('%j reaches git as %j, and git takes it', (text, pattern) => {
    expect(ere.parse(text)).toBe(pattern);
    expect(found(pattern)).toBeDefined();
  });

  test.each([
    ['\\d-\\d', ['1-2']],
    ['^(?:foo|FOO)\\b', ['foo(1, 22) bar_baz', 'foo bar', 'FOO']],
    ['tab\\there', ['tab\there']],
    ['ü{3} end', ['üüü end']],
    ['^\\[x\\]$', ['[x]']],
  ])('%j means what it says', (text, lines) => {
    expect([...(found(ere.parse(text)) ?? [])].sort()).toEqual([...lines].sort());
  });

  test.each([
    '',
    'a\nb',
    'a\\nb',
    '(a)\\1',
    '\\9',
    'a\\',
    '\\q',
    '\\`a',
    "a\\'",
    '()',
    'a||b',
    '|a',
    '(|a)',
    '(a',
    'a)',
    '[a',
    '[]',
    '[z-a]',
    '[a-\\]',
    '[a-[^]]',
    '[[:alpha:]-z]',
    '[a-c-e]',
    '[\\\\-A]',
    '[\\d]',
    '[[:foo:]]',
    '[[.a.]]',
    '[[=a=]]',
    '[é]',
    '*a',
    'a|*b',
    '(+a)',
    '{2}',
    'a{',
    'a{2',
    'a{,2}',
    'a{0}',
    'a{0,0}',
    'a{3,2}',
    'a{101}',
    'a{1,101}',
    'a{9999999}',
    'a**',
    'a+?',
    'a{2}{2}',
    '^*',
    '\\b+',
    '(?=a)',
    '(?<n>a)',
    '(?i)a',
    '(((((((((((a)))))))))))',
    'a'.repeat(257),
  ])('%j is refused', (text) => {
    expect(ere.safeParse(text).success).toBe(false);
  });

  test('the reason is a sentence of ours', () => {
    const { error } = ere.safeParse('MARKER\\1');
    expect(error?.issues[0]?.message).toMatch(/^Back references cannot be used/);
    expect(JSON.stringify(error)).not.toContain('MARKER');
  });
});

/** What made glibc 2.36 take more than 90 MB or 2 seconds on lines of 2,000 letters, through `git grep -E`. */
const EXPLODING = [
  '(a{1,100}){1,100}',
  '((a{1,100}){1,100}){1,100}',
  '(((a{1,10}){1,10}){1,10}){1,10}',
  '((a{100}){100}){100}',
  'a{1,32767}',
  '(a*){1000}b',
  '(((a*){10}){10}){10}b',
  '((a?){100}){10}b',
  '(^|$|a){200}z',
  '(\\b|\\B|a){100}z',
  '(\\b|\\B)(\\b|\\B)(\\b|\\B)(\\b|\\B)((a?){20}){20}z',
  '\\ba{0,100}\\bb{0,100}\\b(c?){100}\\b(d?){100}\\b',
  `${'(\\b|\\B|a)'.repeat(28)}z`,
  `(\\b|\\B|\\<|\\>|^|$)(\\b|\\B|\\<|\\>|^|$)${'a{0,100}'.repeat(8)}z`,
  '((((a*)*)*)*){250}z',
  '^(((((a*)*)*)*)*){12}z',
  '(a*)*\\1',
  '(a|aa)*\\1b',
  '(.*)(.*)(.*)\\1\\2\\3x',
  '(.*|(([^b]?\\s{1,27})[ab]|([ab]{8,})?\\w.{0,}){1,})+\\w{1,}\\w{30}',
];

/** The dearest of what is accepted, by its own measure. */
const DEAREST = [
  'a?'.repeat(128),
  'a*'.repeat(128),
  '(a|b|c|d|e|f|g|h|i|j|k|l){1,18}z',
  '(a{1,16}){1,15}z',
  '((a{1,5}){1,5}){1,5}z',
  '(((a{1,3}){1,3}){1,3}){1,3}z',
  '(a{100}){10}',
  `${'(a|b)'.repeat(50)}z`,
  '\\b(a{1,10}){1,10}\\b',
  `${'(\\b|\\B|a)'.repeat(21)}z`,
  '(\\ba|\\Bb){32}z',
  `${'(^|$|a)'.repeat(21)}z`,
  '^((((a+)+)+)+)$',
  '([ab]{1,10}a){20}c',
  '(.*a){50}c',
];

describe('in glibc', () => {
  test.each(EXPLODING)(verifies('C2.expressions', '%j never gets there'), (text) => {
    expect(ere.safeParse(text).success).toBe(false);
  });

  test
    .skipIf(process.platform !== 'linux')
    .each(['((a{1,100}){1,100}){1,100}', '(\\b|\\B|a){100}z', '^(((((a*)*)*)*)*){12}z'])(
    '%j does explode (on Linux, whose engine this is about)',
    (text) => {
      expect(grepsWithinLimits(text)).toBe(false);
    },
    60_000,
  );

  test.skipIf(process.platform !== 'linux').each(DEAREST)(
    verifies('C2.expressions', '%j is accepted, and stays small (on Linux)'),
    (text) => {
      expect(grepsWithinLimits(ere.parse(text))).toBe(true);
    },
    60_000,
  );
});

test(
  verifies('C2.expressions', 'git takes every pattern that is accepted'),
  () => {
    const pieces = fc.constantFrom(
      ...'a|.|(|)|*|+|?|{2}|{1,3}|[ab]|[^]x]|[[:alpha:]]|\\w|\\b|\\.|^|$|é|\\d|(?:|[|]|{|\\|-'.split(
        '|',
      ),
      '|',
    );
    const texts = fc.array(pieces, { minLength: 1, maxLength: 10 }).map((parts) => parts.join(''));
    const accepted = fc
      .sample(texts, 4000)
      .flatMap((text) => ere.safeParse(text).data ?? [])
      .slice(0, 150);
    expect(accepted.length).toBeGreaterThan(50);
    for (const pattern of accepted)
      expect([pattern, found(pattern)]).not.toEqual([pattern, undefined]);
  },
  60_000,
);

test('a text that is made to be slow is judged at once', () => {
  const texts = ['(', '[', 'a*', '(a', '[[:', 'a{1,', '\\', '(a|', 'a{100}', '[a-', '{'].map(
    (part) => part.repeat(256).slice(0, 256),
  );
  const start = performance.now();
  for (let round = 0; round < 100; round += 1) for (const text of texts) ere.safeParse(text);
  expect(performance.now() - start).toBeLessThan(5000);
});

/**
 * Greps in one thread under limits of the kernel: 150 MB of addresses, and 10 seconds of a processor,
 * however busy it is. False when git ran into one of them.
 */
function grepsWithinLimits(pattern: string): boolean {
  const git = 'git -c grep.threads=1 grep --cached -E -c -e "$0"';
  const script = `ulimit -v 150000; ulimit -t 10; exec ${git}`;
  const { status } = spawnSync('/bin/sh', ['-c', script, pattern], {
    cwd: repository.path,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    timeout: 50_000,
  });
  return status === 0 || status === 1;
}
