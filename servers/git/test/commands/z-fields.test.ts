import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { splitAt } from '../../src/adapter/commands/z-fields.ts';

function fieldsOf(pieces: readonly Buffer[], bytesMax: number): [string, boolean][] {
  const fields: [string, boolean][] = [];
  const splitter = splitAt(0, bytesMax, (field, cut) => {
    fields.push([field, cut]);
  });
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return fields;
}

describe('fields of a stream', () => {
  const stream = Buffer.from('one\0\0t\xe9o\0a long field that goes on\0last', 'latin1');
  const expected = [
    ['one', false],
    ['', false],
    ['t\xe9o', false],
    ['a long fie', true],
    ['last', false],
  ];

  test.each([1, 2, 3, 7, 100])('in pieces of %i bytes', (size) => {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, at) =>
      stream.subarray(at * size, (at + 1) * size),
    );
    expect(fieldsOf(pieces, 10)).toEqual(expected);
  });

  test(verifies('C10.repository-bombs', 'a field of 300 megabytes is counted away'), () => {
    const before = process.memoryUsage().rss;
    const piece = Buffer.alloc(1_000_000, 'x');
    const pieces = [...Array.from({ length: 300 }, () => piece), Buffer.from('\0y\0')];
    const [[field, cut] = ['', false], next] = fieldsOf(pieces, 1000);
    expect([field.length, cut, next]).toEqual([1000, true, ['y', false]]);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  test('ends when no more is wanted', () => {
    const taken: string[] = [];
    const splitter = splitAt(0, 10, (field) => {
      taken.push(field);
      return taken.length < 2;
    });
    expect(splitter.push(Buffer.from('a\0b\0c\0'))).toBe(false);
    expect(taken).toEqual(['a', 'b']);
  });
});
