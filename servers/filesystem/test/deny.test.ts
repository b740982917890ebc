import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { connect, makeTemp, type TestClient, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { compileDeny } from '../src/adapter/deny.ts';
import { nameFromText } from '../src/guard/index.ts';
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

temp.write('root/store/gitdata/config', 'CONTENT');
temp.write('root/store/gitdata/HEAD', 'CONTENT');
symlinkSync('store/gitdata', join(temp.path, 'root/.git'));
temp.write('root/releases/1/secret.txt', 'CONTENT');
temp.write('root/releases/1/sub/open.txt', 'CONTENT');
symlinkSync('releases/1', join(temp.path, 'root/current'));

describe('a directory that is a link is closed as it is written', () => {
  let client: TestClient;
  beforeAll(async () => {
    const deny = ['--deny', 'current/secret.txt', '--deny', 'current/sub'];
    client = await connect('v2 modern', bundle(root, ...deny));
  });
  afterAll(() => client.close());

  test.each(['.git/config', 'current/secret.txt', 'current/./sub/open.txt', 'current/sub'])(
    verifies('C6.denied-names', '%s is not read'),
    async (path) => {
      expect((await client.call('read_file', { path })).text).toMatch(/^path\.denied: /);
      expect((await client.call('list_directory', { path })).text).toMatch(/^path\.denied: /);
      await expect(client.read(`workspace://root/${path}`)).rejects.toThrow('path.denied');
    },
  );

  test(verifies('C6.denied-names', 'no walk that begins there opens it'), async () => {
    const { structured: listed } = await client.call('list_directory', { path: '.git' });
    expect(listed['entries']).toEqual([
      { path: 'root:.git/HEAD', type: 'file' },
      { path: 'root:.git/config', type: 'file', denied: true },
    ]);
    const { structured: tree } = await client.call('list_directory', { path: 'current', depth: 3 });
    expect(tree['entries']).toEqual([
      { path: 'root:current/secret.txt', type: 'file', denied: true },
      { path: 'root:current/sub', type: 'directory', denied: true },
    ]);
    const found = await client.call('find_files', { path: 'current', glob: '*' });
    expect(found.structured).toMatchObject({ entries: [], skipped: { denied: 2 } });
    const hits = await client.call('search_text', { path: '.git', pattern: 'CONTENT' });
    expect(hits.structured).toMatchObject({
      hits: [{ path: 'root:.git/HEAD' }],
      skipped: { denied: 1 },
    });
    const complete = async (value: string) =>
      client.complete('workspace://{root}/{+path}', 'path', value, { root: 'root' });
    expect(await complete('.git/')).toEqual(['.git/HEAD']);
    expect(await complete('current/')).toEqual([]);
  });
});

describe('a name that some disks take for a closed one is closed', () => {
  const rules = compileDeny({
    usual: ['.ssh', '.env', '**/.config/gh', '[xy]\u00DFz', 'heart\u2764\uFE0F'],
    allow: [],
    closed: [],
  });
  test.each([
    ['', '.e\u200Bnv'],
    ['', '.\uFEFFENV'],
    ['', '\u2060.env\u{E0041}'],
    ['', '.\u00DFh'],
    ['', '.\u1E9Eh'],
    ['', '.\u017F\u017Fh'],
    ['a/.con\uFB01g', 'gh'],
    ['a/.co\u200Dnfig', 'gh'],
    ['', 'xssz'],
    ['', 'heart\u2764'],
  ])(verifies('C6.denied-names', '%j %j'), (directory, name) => {
    const names = directory.split('/').map(nameFromText);
    expect(rules.denies(names, nameFromText(name))).toBe(true);
  });
  test.each(['.envs', 'e\u200Bnv', '.shh', 'heart'])('%j is another name', (name) => {
    expect(rules.denies([], nameFromText(name))).toBe(false);
  });
});

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
    'private\\*.txt',
    'private\\.env',
    'a\\{b,c}',
    'x[\\]y',
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
