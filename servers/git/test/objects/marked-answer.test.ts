import { verifies } from '@secure-mcp/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { MarkedAnswer } from '../../src/adapter/objects/marked-answer.ts';
import { oidOf } from './opened.ts';

const TREES = { base: oidOf('1'.repeat(40)), head: oidOf('2'.repeat(40)) };
const HEADER = `${TREES.base} ${TREES.head}\n`;

function markOf({ question }: MarkedAnswer): string {
  return question.slice(HEADER.length);
}

/** Hands an answer over in pieces, and returns what came of it. */
function told(answer: MarkedAnswer, bytes: string, sizes: readonly number[]) {
  let rest = Buffer.from(bytes, 'latin1');
  let body = '';
  let at = 0;
  while (rest.length > 0) {
    const size = sizes[at % Math.max(1, sizes.length)] ?? rest.length;
    at += 1;
    const { body: piece, end } = answer.take(rest.subarray(0, size));
    rest = rest.subarray(size);
    body += piece.toString('latin1');
    if (end !== undefined) return { body, end, left: rest.length };
  }
  return { body, end: undefined, left: 0 };
}

/** Lines as a repository can hold them, some of which look like an answer's own. */
const lines = fc.array(
  fc.oneof(
    fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\n', '?')),
    fc.constantFrom(
      HEADER.slice(0, -1),
      `? ${'0'.repeat(32)}`,
      '?',
      '',
      `? ${'f'.repeat(32)} `,
      new MarkedAnswer(TREES).question,
    ),
  ),
  { maxLength: 12 },
);
const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });

test('whatever stands in an answer, and in whatever pieces it comes, all of it is handed out', () => {
  fc.assert(
    fc.property(lines, sizes, (content, pieces) => {
      const answer = new MarkedAnswer(TREES);
      const body = content.map((line) => `${line}\n`).join('');
      const ended = told(answer, `${HEADER}${body}${markOf(answer)}`, pieces);
      expect(ended).toEqual({ body, end: 'answered', left: 0 });
    }),
    { numRuns: 2000 },
  );
});

test(verifies('C2.arguments', 'no mark of a question ends another one'), () => {
  const marks = new Set(Array.from({ length: 1000 }, () => markOf(new MarkedAnswer(TREES))));
  expect(marks.size).toBe(1000);
  // 128 bits, as a line that is no id.
  for (const mark of marks) expect(mark).toMatch(/^\? [0-9a-f]{32}\n$/);
});

test.each(['no answer\n', 'fatal: x\n', `${TREES.head} ${TREES.base}\n`])(
  'what does not begin as the answer to this question is none: %j',
  (bytes) => {
    expect(told(new MarkedAnswer(TREES), bytes, [7])).toMatchObject({ end: 'unanswered' });
  },
);

test('trees that cannot be read have no answer, and their mark is none', () => {
  const answer = new MarkedAnswer(TREES);
  expect(told(answer, markOf(answer), [5])).toMatchObject({ end: 'unanswered', body: '' });
});

test('a mark within a line ends nothing', () => {
  const answer = new MarkedAnswer(TREES);
  expect(told(answer, `${HEADER}+${markOf(answer)}`, [9]).end).toBeUndefined();
});
