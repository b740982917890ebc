import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { connect, makeTemp, runOnce, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
afterAll(() => temp.remove());
const docs = join(temp.path, 'docs');
/** A path that leads beneath the root, and does not look like it. */
const linked = join(temp.path, 'linked');

beforeAll(() => {
  temp.write('docs/hello.txt', 'hello');
  temp.write('docs/conf/policy.json', '{"version":1,"principals":[]}');
  temp.write('docs/conf/config.json', '{}');
  for (const name of [
    'keys.json',
    'revocations.json',
    'cert.txt',
    'tls.txt',
    'ca.txt',
    'state.txt',
  ])
    writeFileSync(join(docs, 'conf', name), '{}', { mode: 0o600 });
  symlinkSync('docs/conf', linked);
  symlinkSync(join(docs, 'conf/policy.json'), join(temp.path, 'link-to-policy'));
});

const READS = [{ root: 'docs', rights: ['read'] }];
const inside = (name: string) => join(docs, 'conf', name);
const run = (...args: readonly string[]) => runOnce(bundle(...args), process.env);

describe('a file of the server itself beneath a root is not served', () => {
  const STDIO: readonly (readonly [flag: string, path: string])[] = [
    ['--policy', inside('policy.json')],
    ['--policy', join(linked, 'policy.json')],
    ['--policy', join(temp.path, 'link-to-policy')],
    ['--policy', relative(process.cwd(), inside('policy.json'))],
    ['--config', inside('config.json')],
    ['--audit-log', inside('not-there-yet.jsonl')],
    ['--audit-log', join(linked, 'not-there-either.jsonl')],
  ];

  test.each(STDIO)(verifies('C6.configuration', 'over stdio: %s %s'), (flag, path) => {
    const { status, stdout, stderr } = run(`docs=${docs}`, flag, path);
    const told = `${flag}: the file lies beneath docs, where callers could read it\n`;
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `secure-mcp-filesystem: ${told}`,
    });
  });

  const HTTP: readonly (readonly [flag: string, ...options: readonly string[]])[] = [
    ['--keys', inside('keys.json')],
    ['--revocations', inside('revocations.json')],
    ['--state-key-file', inside('state.txt'), '--store=redis://127.0.0.1:1'],
    ['--tls-key', inside('tls.txt'), '--tls-cert', join(temp.path, 'cert')],
    ['--introspection-secret-file', inside('state.txt'), '--introspection-client=me'],
  ];

  test.each(HTTP)(verifies('C6.configuration', 'over HTTP: %s'), (flag, ...options) => {
    const known = ['--issuer=https://as.example', '--resource=https://files.example/mcp'];
    const { status, stderr } = run('check', docs, '--http=0', ...known, flag, ...options);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${flag}: the file lies beneath docs`),
    });
  });
});

test('a file beside the roots is served by, and a link in a root to it opens nothing', async () => {
  const principals = [{ match: { kind: 'local' }, tools: ['*'], files: { roots: READS } }];
  const policy = temp.write('beside/policy.json', JSON.stringify({ version: 1, principals }));
  symlinkSync(policy, join(docs, 'to-policy.txt'));
  const client = await connect('v2 modern', bundle(`docs=${docs}`, '--policy', policy));
  const [hello, link] = [
    await client.call('read_file', { path: 'docs:hello.txt' }),
    await client.call('read_file', { path: 'docs:to-policy.txt' }),
  ];
  await client.close();
  expect(hello.text).toContain('hello');
  expect(link.text).not.toContain('principals');
});

const mayMount = process.geteuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

test.each(mayMount ? ['another mount'] : [])(
  verifies('C6.configuration', 'a root is the same directory by %s'),
  () => {
    const mount = join(temp.path, 'mount');
    mkdirSync(mount);
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const { command, args } = bundle('check', docs, '--policy', join(mount, 'conf/policy.json'));
    const all = ['-m', 'sh', '-c', script, 'sh', docs, mount, command, ...args];
    const { status, stderr } = spawnSync('unshare', all, { encoding: 'utf8' });
    expect(existsSync(join(mount, 'conf'))).toBe(false);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('--policy: the file lies beneath'),
    ]);
  },
);
