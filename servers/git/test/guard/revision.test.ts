import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseRevision, revision } from '../../src/guard/index.ts';
import { runGit } from './git.ts';
import { likeRevisions } from './texts.ts';

const ACCEPTED = [
  'HEAD',
  '@',
  '@~3^2',
  '@{u}',
  '@{upstream}',
  '@{1}',
  'main@{upstream}',
  'main@{u}@{2}~1',
  'HEAD^{tree}',
  'HEAD^{commit}',
  'v1.0^{}',
  'v1.0^{tag}',
  'v1-3-gabcdef0',
  'refs/heads/main',
  'origin/feature/x',
  'a@b',
  'dep{endabot}',
  'deadbeef',
  'd00d',
  'HEAD~100000',
  'über/straße',
  'feature/🚀',
  `HEAD${'~1'.repeat(16)}`,
];

const REFUSED = [
  '',
  ' ',
  '-',
  '--output=/tmp/x',
  '-O',
  '--upload-pack=x',
  'HEAD ',
  'HEAD main',
  'a..b',
  'a...b',
  '..',
  '^main',
  ':/text',
  ':path',
  ':0:path',
  'HEAD:path',
  'HEAD:../x',
  'HEAD^{/text}',
  'HEAD^{:/text}',
  'HEAD^@',
  'HEAD^!',
  'HEAD^-1',
  '@{-1}',
  '@{yesterday}',
  'main@{1 day ago}',
  'main@{push}',
  'main@{1}@{u}',
  '@{}',
  'HEAD~100001',
  'HEAD~99999~2',
  'HEAD~1000000000000',
  `HEAD${'^'.repeat(17)}`,
  '/main',
  'main/',
  'a//b',
  '.a',
  'a/.b',
  'a.lock',
  'a.lock/b',
  'a.',
  'a*',
  'a?',
  'a[b]',
  'a\\b',
  'a\tb',
  'a\nb',
  'a\0b',
  'a\u007f',
  'a\u0085',
  'a\u00a0b',
  'a\u2003b',
  'a\u200bb',
  'a\u202eb',
  'a\\u{A}b',
  'a\\u{0}b',
  'a\\u{D800}b',
  '\\u{2D}-output',
  'a\\u{3A}b',
  '\ud800',
  'a'.repeat(257),
];

describe('a revision', () => {
  test.each(ACCEPTED)('%j is read as it is', (text) => {
    expect(parseRevision(text)).toBe(text);
  });

  test.each(REFUSED)(verifies('C2.arguments', '%j is refused'), (text) => {
    expect(() => parseRevision(text)).toThrow(
      expect.objectContaining({ code: 'revision.invalid' }),
    );
  });

  test('a hidden character is written out, and only so', () => {
    expect(parseRevision('a\\u{200B}b~2')).toBe('a\u200bb~2');
    // A second spelling of a letter would be a second name of one ref.
    expect(revision.safeParse('\\u{61}b').success).toBe(false);
  });

  test('a refusal holds nothing of the text', () => {
    const { error } = revision.safeParse('--output=MARKER');
    expect(JSON.stringify(error)).not.toContain('MARKER');
    expect(() => parseRevision('--output=MARKER')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('MARKER') }),
    );
  });
});

test(verifies('C2.arguments', 'nothing that is accepted could be anything but a revision'), () => {
  let accepted = 0;
  fc.assert(
    fc.property(likeRevisions, (text) => {
      const read = readOrRefuse(text);
      if (read === undefined) return;
      accepted += 1;
      expect(read).not.toMatch(/^[-^]|[\p{Cc}\p{Z}:]|\.\.|\^\{\/|\^[@!-]/u);
    }),
    { numRuns: 20_000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

test('git has no name that it refuses for what is accepted as one', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(likeRevisions, (text) => {
      const read = readOrRefuse(text);
      if (read !== undefined) seen.add(read.replace(/(?:@\{|[~^]).*$/s, ''));
    }),
    { numRuns: 20_000 },
  );
  const names = [...seen].filter((name) => name !== '' && name !== '@').slice(0, 150);
  expect(names.length).toBeGreaterThan(50);
  for (const name of names) {
    expect([name, runGit('/', ['check-ref-format', `refs/heads/${name}`]).code]).toEqual([name, 0]);
  }
}, 60_000);

test('a text that is made to be slow is judged at once', () => {
  const texts = ['~', '^', '@{', '^{}', '@{1}', '\\u{', '.', '/.', '~1^', 'a/'].map((part) =>
    part.repeat(256).slice(0, 256),
  );
  const start = performance.now();
  for (let round = 0; round < 100; round += 1) for (const text of texts) revision.safeParse(text);
  // A thousand texts; one that backtracks would take that long alone.
  expect(performance.now() - start).toBeLessThan(5000);
});

function readOrRefuse(text: string): string | undefined {
  try {
    return parseRevision(text);
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return undefined;
  }
}
