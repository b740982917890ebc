import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';

import { commonOptions, optionsOf, readConfig } from '../../src/index.ts';

const temp = makeTemp();
afterAll(() => temp.remove());

const options = commonOptions.extend({
  roots: z.array(z.string()).min(1, 'name at least one').meta({ value: 'PATH', positional: true }),
  deny: z.array(z.string()).default([]),
  loud: z.boolean().default(false),
  shapes: z
    .array(z.strictObject({ sides: z.int().min(3) }))
    .default([])
    .meta({ file: true }),
});

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return readConfig(options, { args, env });
}

describe('readConfig', () => {
  test('flags win over variables, variables over the file, the file over defaults', () => {
    const file = temp.write(
      'config.json',
      '{"roots":["a"],"concurrency":2,"deadlineMs":200,"logLevel":"error"}',
    );
    const config = read(['--config', file, '--concurrency', '4'], {
      SECURE_MCP_CONCURRENCY: '3',
      SECURE_MCP_DEADLINE_MS: '300',
    });
    expect(config).toMatchObject({
      roots: ['a'],
      concurrency: 4,
      deadlineMs: 300,
      logLevel: 'error',
      resultBytes: 1_048_576,
    });
  });

  test('a structure is read from the file, and its mistakes are named', () => {
    const good = temp.write('shapes.json', '{"roots":["a"],"shapes":[{"sides":4}]}');
    expect(read(['--config', good])).toMatchObject({ shapes: [{ sides: 4 }] });
    const bad = temp.write('bad-shapes.json', '{"roots":["a"],"shapes":[{"sides":4,"sdies":3}]}');
    expect(() => read(['--config', bad])).toThrow('shapes.0.sdies: unknown field');
  });

  test('lists, switches and plain arguments', () => {
    const config = read(['a', '--deny', 'x', '--loud', '--deny=y', '--', '-b']);
    expect(config).toMatchObject({ roots: ['a', '-b'], deny: ['x', 'y'], loud: true });
    expect(read(['a'], { SECURE_MCP_DENY: '["x","y"]', SECURE_MCP_LOUD: 'true' })).toMatchObject({
      deny: ['x', 'y'],
      loud: true,
    });
    expect(read(['a'], { SECURE_MCP_DENY: 'x' })).toMatchObject({ deny: ['x'] });
  });

  test.each<
    readonly [args: readonly string[], env: Readonly<Record<string, string>>, problem: string]
  >([
    [['a', '--polcy', 'x'], {}, '--polcy: unknown option'],
    [['a', '-x'], {}, '-x: unknown option'],
    [['a', '--shapes', '[]'], {}, '--shapes: is given in the file of --config only'],
    [
      ['a'],
      { SECURE_MCP_SHAPES: '[]' },
      'SECURE_MCP_SHAPES: is given in the file of --config only',
    ],
    [['a', '--roots', 'b'], {}, '--roots: unknown option'],
    [['a', '--policy'], {}, '--policy: needs a value'],
    [['a', '--policy='], {}, '--policy: needs a value'],
    [['a', '--loud=yes'], {}, '--loud: takes no value'],
    [['a', '--concurrency', '2', '--concurrency', '64'], {}, '--concurrency: given twice'],
    [['a', '--concurrency', 'many'], {}, '--concurrency: expected number'],
    [['a', '--concurrency', '0'], {}, '--concurrency: at least 1'],
    [['a', '--concurrency', '1e3'], {}, '--concurrency: expected number'],
    [['a', '--rate-limit', '10'], {}, '--rate-limit: must be N/SECONDS'],
    [
      ['a', '--log-level', 'loud'],
      {},
      '--log-level: one of "debug", "info", "warn", "error", "silent"',
    ],
    [[], {}, 'PATH: is missing'],
    [['a'], { SECURE_MCP_POLCY: 'x' }, 'SECURE_MCP_POLCY: unknown variable'],
    [['a'], { SECURE_MCP_CONCURRENCY: '-1' }, 'SECURE_MCP_CONCURRENCY: at least 1'],
    [['a'], { SECURE_MCP_LOUD: 'yes' }, 'SECURE_MCP_LOUD: expected boolean'],
    [['a'], { SECURE_MCP_DENY: '["x"' }, 'SECURE_MCP_DENY: not a valid JSON list'],
    [['a', '--config', '/no/such/file'], {}, '--config: the file is missing'],
  ])(verifies('C6.configuration', '%j %j: %s'), (args, env, problem) => {
    expect(() => read(args, env)).toThrow(problem);
  });

  test.each([
    ['{"rootz":["a"]}', '--config: rootz: unknown field'],
    ['{"roots":["a"],"roots":["/"]}', '--config: not valid JSON (duplicate key)'],
    ['[]', '--config: the file must hold one JSON object'],
    ['{"roots":["a"],"concurrency":"4"}', '--concurrency: expected number'],
    ['{', '--config: not valid JSON (syntax)'],
  ])(verifies('C6.configuration', 'the file %s: %s'), (text, problem) => {
    expect(() => read(['--config', temp.write('bad.json', text)])).toThrow(problem);
  });

  test.each([
    ['everybody may write it', (path: string) => chmodSync(path, 0o666)],
    ['a group may write it, as a umask of 0002 leaves it', (path) => chmodSync(path, 0o664)],
    ['everybody may write its directory', (path) => chmodSync(dirname(path), 0o777)],
  ] satisfies (readonly [why: string, open: (path: string) => void])[])(
    verifies('C6.configuration', 'the file of --config does not count where %s'),
    (_why, open) => {
      const file = temp.write('shared/open.json', '{"roots":["a"],"unsafeNoAuth":true}');
      chmodSync(file, 0o644);
      chmodSync(dirname(file), 0o755);
      expect(read(['--config', file])).toMatchObject({ unsafeNoAuth: true });
      open(file);
      expect(() => read(['--config', file])).toThrow(/^--config: the file .*others/);
      expect(() => read([], { SECURE_MCP_CONFIG: file })).toThrow(/^--config: the file /);
    },
  );

  test('other variables are none of our business', () => {
    expect(read(['a'], { HOME: '/x', SECURE_MCPX: 'y' })).toMatchObject({ roots: ['a'] });
  });
});

describe('optionsOf', () => {
  test('tells flags, variables, kinds and defaults from the schema alone', () => {
    expect(optionsOf(options)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          flag: '--rate-limit',
          variable: 'SECURE_MCP_RATE_LIMIT',
          kind: 'text',
          value: 'N/SECONDS',
          fallback: '600/60',
        }),
        expect.objectContaining({
          flag: '--concurrency',
          kind: 'integer',
          value: 'N',
          fallback: '8',
        }),
        expect.objectContaining({ flag: '--secrets', value: 'redact|block|allow' }),
        expect.objectContaining({ key: 'roots', positional: true, kind: 'list' }),
        expect.objectContaining({ flag: '--loud', kind: 'switch', fallback: undefined }),
      ]),
    );
  });
});
