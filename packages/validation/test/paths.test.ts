import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { stepProblem } from '../src/index.ts';

describe('stepProblem', () => {
  test.each([
    ['a\0b', 'nul'],
    ['a/b', 'separator'],
    ['x'.repeat(256), 'too long'],
    ['x'.repeat(255), undefined],
    ['CON', undefined],
    ['a:b', undefined],
    ['..', undefined],
  ])(verifies('C3.words', 'on Linux, %j is %s'), (step, problem) => {
    expect(stepProblem(step, 'linux')).toBe(problem);
  });

  test.each([
    ['a\\b', 'separator'],
    ['file.txt:stream', 'stream'],
    ['file.txt::$DATA', 'stream'],
    ['C:', 'stream'],
    ['trailing.', 'trailing dot or space'],
    ['trailing ', 'trailing dot or space'],
    ['CON', 'reserved'],
    ['con.txt', 'reserved'],
    ['COM¹', 'reserved'],
    ['lpt9.log', 'reserved'],
    ['PROGRA~1', 'short name'],
    ['..', undefined],
    ['console.txt', undefined],
  ])(verifies('C3.words', 'on Windows, %j is %s'), (step, problem) => {
    expect(stepProblem(step, 'win32')).toBe(problem);
  });
});
