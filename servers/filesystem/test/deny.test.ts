import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { connect, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
afterAll(() => temp.remove());
const root = `root=${join(temp.path, 'root')}`;
for (const file of ['private/x.txt', 'private/x.pub.key', 'a/x', 'b/y', '.env', '.env.sample']) {
  temp.write(`root/${file}`, 'CONTENT');
}
temp.write('root/cafe\u0301.txt', 'CONTENT');

/** What reading a file says under some options. */
async function reading(path: string, ...options: readonly string[]): Promise<string> {
  const client = await connect('v2 modern', bundle(root, ...options));
  const { text } = await client.call('read_file', { path });
  await client.close();
  return text;
}

describe('what an operator closes is closed', () => {
  test.each([
    ['private/', 'private/x.txt'],
    ['private/**/', 'private/x.txt'],
    ['private/**', 'private/x.pub.key'],
    ['{a/x,b/y}', 'a/x'],
    ['{a/x,b/y}', 'b/y'],
    ['**/{a/x,b/y}', 'a/x'],
    ['{private,a/x}', 'private/x.txt'],
    ['a[/]x', 'a/x'],
    ['*/[xy]', 'a/x'],
    ['.env.sample', '.env.sample'],
    ['caf\u00E9.txt', 'cafe\u0301.txt'],
    ['cafe\u0301.txt', 'cafe\u0301.txt'],
    ['PRIVATE', 'private/x.txt'],
  ])(
    verifies('C6.configuration', 'C6.denied-names', '--deny %j closes %j, or stops the start'),
    async (glob, path) => {
      const check = spawnSync(process.execPath, [...bundle('check', root, '--deny', glob).args]);
      if (check.status === 2) return;
      expect(await reading(path, '--deny', glob)).toMatch(/^path\.denied: /);
    },
  );

  test.each([
    './private/**',
    '/private',
    '!private',
    ' private',
    'root:private',
    '../x',
    '~/x',
    '[[:alpha:]]x',
    '{private/,drafts/}',
    'private/.',
    '..',
    '{/private,x}',
    '[/]private',
    '{x,!b}',
    'ROOT:private',
    '$HOME/x',
    'private\\x',
    '@(a|b)',
    '*.a,*.b',
    'a;b',
    '"b"',
    '#b',
    'b\u200B',
    '[',
    '{a',
  ])(verifies('C6.configuration', '--deny %j means nothing here, and stops the start'), (glob) => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [...bundle('check', root, '--deny', glob).args],
      {
        encoding: 'utf8',
      },
    );
    expect([status, stderr]).toEqual([2, expect.stringContaining('--deny: ')]);
  });

  test(
    verifies('C6.denied-names', 'what is opened by name does not lift what is closed by name'),
    async () => {
      expect(await reading('.env', '--allow', '.env')).toContain('CONTENT');
      expect(await reading('.env', '--allow', '.env', '--deny', '.env')).toMatch(/^path\.denied/);
      expect(
        await reading('private/x.pub.key', '--allow', '*.key', '--deny', 'private/**'),
      ).toMatch(/^path\.denied/);
    },
  );

  test(
    verifies('C6.configuration', 'what the file closes stays closed when a flag closes more'),
    async () => {
      const config = temp.write('config.json', JSON.stringify({ deny: ['private'] }));
      expect(await reading('private/x.txt', '--config', config, '--deny', 'a')).toMatch(
        /^path\.denied/,
      );
      expect(await reading('a/x', '--config', config, '--deny', 'a')).toMatch(/^path\.denied/);
    },
  );

  test(
    verifies('C6.configuration', 'a second configuration file does not replace the first'),
    () => {
      const config = temp.write('one.json', JSON.stringify({ deny: ['private'] }));
      const { status, stderr } = spawnSync(
        process.execPath,
        [...bundle('check', root, '--config', config, '--config', config).args],
        { encoding: 'utf8' },
      );
      expect([status, stderr]).toEqual([2, expect.stringContaining('--config: given twice')]);
    },
  );

  test(
    verifies('E5.deny', 'a root that a policy names twice is closed where either entry closes it'),
    async () => {
      const roots = [
        { root: 'root', rights: ['read'], deny: ['a'] },
        { root: 'root', rights: ['read'], deny: ['private/'] },
      ];
      const principals = [{ match: { kind: 'local' }, tools: ['*'], files: { roots } }];
      const policy = temp.write('policy.json', JSON.stringify({ version: 1, principals }));
      expect(await reading('a/x', '--policy', policy)).toMatch(/^path\.denied/);
      expect(await reading('private/x.txt', '--policy', policy)).toMatch(/^path\.denied/);
      expect(await reading('b/y', '--policy', policy)).toContain('CONTENT');
    },
  );
});
