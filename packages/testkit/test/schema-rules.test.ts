import { describe, expect, test } from 'vitest';

import { openParts } from '../src/index.ts';

const WORD = { type: 'string', maxLength: 10 };
const OPEN_WORD = { type: 'string' };

function closed(properties: object): object {
  return { type: 'object', properties, additionalProperties: false };
}

describe('what a schema leaves open', () => {
  test.each<readonly [name: string, schema: object, part: string]>([
    ['a string', closed({ a: OPEN_WORD }), 'in.a: a string without maxLength'],
    ['a list', closed({ a: { type: 'array', items: WORD } }), 'in.a: a list without maxItems'],
    ['an integer', closed({ a: { type: 'integer' } }), 'in.a: a number without minimum'],
    [
      'a fraction',
      closed({ a: { type: 'number', minimum: 0, maximum: 1 } }),
      'in.a: a number that need not be whole',
    ],
    ['an object', { type: 'object', properties: {} }, 'in: an open object'],
    ['no type', closed({ a: {} }), 'in.a: anything'],
    ['true', closed({ a: true }), 'in.a: anything'],
    ['a type nobody knows', closed({ a: { type: 'file' } }), 'in.a: a type that nobody knows'],
    [
      'several types',
      closed({ a: { type: ['null', 'string'] } }),
      'in.a: a string without maxLength',
    ],
    [
      'the items of a list',
      closed({ a: { type: 'array', maxItems: 2, items: OPEN_WORD } }),
      'in.a[]: a string without maxLength',
    ],
    [
      'a place of a tuple',
      closed({ a: { type: 'array', maxItems: 2, prefixItems: [WORD, OPEN_WORD] } }),
      'in.a.prefixItems.1: a string without maxLength',
    ],
    ...['anyOf', 'oneOf', 'allOf'].map((key): readonly [string, object, string] => [
      key,
      closed({ a: { [key]: [WORD, OPEN_WORD] } }),
      `in.a.${key}.1: a string without maxLength`,
    ]),
    [
      'a definition',
      { ...closed({ a: { $ref: '#/$defs/word' } }), $defs: { word: OPEN_WORD } },
      'in.$defs.word: a string without maxLength',
    ],
    [
      'another document',
      closed({ a: { $ref: 'https://example.com/schema.json' } }),
      'in.a: another document',
    ],
  ])('%s is reported', (_, schema, part) => {
    expect(openParts(schema, 'in')).toEqual([part]);
  });

  test('the values of a record are reported beside the record itself', () => {
    const schema = { type: 'object', additionalProperties: OPEN_WORD };
    expect(openParts(schema, 'in')).toEqual([
      'in: an open object',
      'in.additionalProperties: a string without maxLength',
    ]);
  });

  test('what has a ceiling everywhere is not reported', () => {
    const schema = closed({
      word: WORD,
      choice: { enum: ['a', 'b'] },
      one: { const: 'a' },
      flag: { type: 'boolean' },
      count: { type: 'integer', minimum: 0 },
      list: { type: 'array', maxItems: 3, items: { anyOf: [WORD, { type: 'null' }] } },
      below: closed({ word: { $ref: '#/$defs/word' } }),
    });
    expect(openParts({ ...schema, $defs: { word: WORD } }, 'in')).toEqual([]);
  });
});
