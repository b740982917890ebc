import { readFileSync } from 'node:fs';

import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { describeError } from '../src/index.ts';

describe('describeError', () => {
  test(verifies('C8.no-leak', 'keeps name, code and place, and neither message nor path'), () => {
    let caught: unknown;
    try {
      readFileSync('/home/ada/secret-project/missing.txt');
    } catch (error) {
      caught = error;
    }
    const described = describeError(caught);
    expect(described).toMatchObject({ name: 'Error', code: 'ENOENT', syscall: 'open' });
    expect(JSON.stringify(described)).not.toMatch(/ada|secret|\//);
  });

  test('says where an error was thrown, without the directory', () => {
    expect(describeError(new TypeError('x')).at).toMatch(/^error\.test\.ts:\d+:\d+$/);
  });

  test.each(['text', 7, undefined, null])('%j is described by its type', (value) => {
    expect(describeError(value)).toEqual({ name: typeof value });
  });
});
