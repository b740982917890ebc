import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import {
  connect,
  eventually,
  makeTemp,
  runOnce,
  startRaw,
  verifies,
  withoutOverride,
} from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import lock from '../tools.lock.json' with { type: 'json' };
import { bundle } from './bundle.ts';

const temp = makeTemp();
afterAll(() => temp.remove());
const docs = join(temp.path, 'docs');
temp.write('docs/file.txt', 'hello');
temp.write('other/docs/file.txt', 'other');

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runOnce(bundle(...args), { ...process.env, ...env });
}

describe('a configuration that cannot be served', () => {
  test.each<readonly [args: readonly string[], problem: string]>([
    [[], '[NAME=]PATH: is missing'],
    [[join(temp.path, 'missing')], 'is not a directory that can be opened'],
    [[join(docs, 'file.txt')], 'is not a directory that can be opened'],
    [[docs, join(temp.path, 'other/docs')], 'has the name of another root'],
    [[`Docs=${docs}`], 'needs a name of its own'],
    [['/'], 'holds a whole home or system'],
    [[homedir()], 'holds a whole home or system'],
    [['/proc'], 'is a file system of the kernel'],
    [['/sys/kernel'], 'is a file system of the kernel'],
    [[docs, '--deny', '['], '--deny: [: a bracket or a brace is not closed'],
    [[docs, '--hard-links', 'maybe'], '--hard-links: one of "owned", "deny", "allow"'],
    [[docs, '--writable', docs], '--writable: unknown option'],
    [[docs, '--policy', join(temp.path, 'missing.json')], '--policy: the file is missing'],
    [
      [
        docs,
        '--policy',
        temp.write('bad-policy.json', '{"version":1,"principals":[{"match":{}}]}'),
      ],
      '--policy: principals.0.match: must name at least one property',
    ],
    [
      [
        docs,
        '--policy',
        temp.write(
          'bad-glob.json',
          JSON.stringify({
            version: 1,
            principals: [
              {
                match: { kind: 'local' },
                files: { roots: [{ root: 'docs', rights: ['read'], deny: ['{'] }] },
              },
            ],
          }),
        ),
      ],
      '--policy: {: a bracket or a brace is not closed',
    ],
    [
      [docs, '--audit-log', join(temp.path, 'missing/audit.log')],
      '--audit-log: the file cannot be opened for appending',
    ],
  ])(verifies('C6.configuration', 'C6.roots', '%j: one line, exit 2'), (args, problem) => {
    const { status, stdout, stderr } = run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test(verifies('C6.configuration', 'a mistyped variable stops the start, too'), () => {
    expect(run([docs], { SECURE_MCP_DENNY: 'x' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('SECURE_MCP_DENNY: unknown variable'),
    });
  });

  test(verifies('C6.roots', 'a link to an unsafe root is one'), () => {
    const link = join(temp.path, 'innocent');
    symlinkSync('/', link);
    expect(run([link])).toMatchObject({ status: 2 });
    expect(run([link, '--unsafe-roots'])).toMatchObject({ status: 0 });
  });
});

test(verifies('C6.roots', 'a home is known where its path leads through a link'), () => {
  mkdirSync(join(temp.path, 'homes/user/project'), { recursive: true });
  symlinkSync('homes', join(temp.path, 'to-homes'));
  const env = { HOME: join(temp.path, 'to-homes/user') };
  for (const path of ['homes', 'homes/user', 'to-homes/user', 'to-homes']) {
    expect([path, run(['check', join(temp.path, path)], env).status]).toEqual([path, 2]);
  }
  expect(run(['check', join(temp.path, 'homes/user/project')], env).status).toBe(0);
});

test(
  verifies('C6.configuration', 'a root within another one is told, where something is closed'),
  () => {
    const roots = [`outer=${join(temp.path, 'other')}`, `inner=${join(temp.path, 'other/docs')}`];
    const told = 'warning: the root inner lies within outer';
    expect(run(['check', ...roots, '--deny', 'docs/file.txt']).stdout).toContain(told);
    const principals = [{ match: { kind: 'local' }, tools: ['*'] }];
    const policy = temp.write('nested.json', JSON.stringify({ version: 1, principals }));
    expect(run(['check', ...roots, '--policy', policy]).stdout).toContain(told);
    expect(run(['check', ...roots]).stdout).not.toContain(told);
    expect(run(['check', `docs=${docs}`, `inner=${docs}2`, '--deny', 'x']).stdout).not.toContain(
      'within',
    );
  },
);

describe('the commands', () => {
  test('--help and --version', () => {
    expect(run(['--version'])).toEqual({ status: 0, stdout: '0.1.0\n', stderr: '' });
    const { status, stdout } = run(['--help']);
    expect(status).toBe(0);
    for (const word of [
      '--policy FILE',
      '--hard-links owned|deny|allow',
      'Default: 600/60',
      'inspect [--json]',
    ]) {
      expect(stdout).toContain(word);
    }
  });

  test(verifies('C11.locked', 'inspect shows what is served, with digests'), () => {
    const { status, stdout } = run(['inspect']);
    expect(status).toBe(0);
    expect(stdout).toContain('as reviewed in tools.lock.json');
    const json = JSON.parse(run(['inspect', '--json']).stdout);
    expect(json).toMatchObject({ digest: lock.digest, reviewed: true });
    expect(json.tools).toHaveLength(lock.tools.length);
    expect(json.tools[0]).toMatchObject({
      scope: 'files:read',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test(verifies('C7.policy', 'inspect shows what the options leave'), () => {
    const principals = [{ match: { kind: 'local' }, tools: ['read_*'] }];
    const policy = temp.write('narrow.json', JSON.stringify({ version: 1, principals }));
    const json = JSON.parse(run(['inspect', '--json', docs, '--policy', policy]).stdout);
    expect(json.tools).toMatchObject([{ name: 'read_file' }, { name: 'read_files' }]);
    expect(json).toMatchObject({ digest: lock.digest, reviewed: true, resources: [] });
    expect(run(['inspect', docs, '--polcy', policy])).toMatchObject({ status: 2, stdout: '' });
  });

  test('check says ok, and warns', () => {
    expect(run(['check', docs])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/ok\n$/),
    });
    const { stdout } = run([
      'check',
      docs,
      '--secrets',
      'allow',
      '--hard-links',
      'allow',
      '--sandbox',
      'portable',
    ]);
    expect(stdout).toContain('warning: --secrets allow');
    expect(stdout).toContain('warning: --hard-links allow');
    expect(stdout).toContain('warning: the portable walk');
    expect(run(['check', docs, '--concurrency', '0'])).toMatchObject({ status: 2 });
  });

  test.each([0o000, 0o111, 0o444])('check warns of a root of mode %i', (mode) => {
    const closed = join(temp.path, `closed-${String(mode)}`);
    mkdirSync(closed);
    chmodSync(closed, mode);
    try {
      const check = withoutOverride(bundle('check', `closed=${closed}`, docs));
      const { status, stdout } = runOnce(check, process.env);
      const told = /^warning: the root (\w+) cannot be read by user \d+/gm;
      expect(Array.from(stdout.matchAll(told), ([, name]) => name)).toEqual(['closed']);
      expect(status).toBe(0);
    } finally {
      chmodSync(closed, 0o700);
    }
  });
});

test('a file that another user cannot read is told with that user', () => {
  const policy = temp.write('closed-policy.json', '{}');
  chmodSync(policy, 0o000);
  const { status, stderr } = runOnce(
    withoutOverride(bundle('check', docs, '--policy', policy)),
    process.env,
  );
  expect(status).toBe(2);
  expect(stderr).toMatch(/--policy: the file cannot be read by user \d+\n$/);
});

describe('the bundle', () => {
  test('is one file that runs alone in an empty folder', async () => {
    const empty = join(temp.path, 'empty');
    mkdirSync(empty);
    const [main = ''] = bundle().args;
    copyFileSync(main, join(empty, 'main.cjs'));
    const client = await connect('v2 modern', {
      command: process.execPath,
      args: [join(empty, 'main.cjs'), docs],
    });
    expect((await client.call('read_file', { path: 'file.txt' })).structured['text']).toBe('hello');
    expect(
      (await client.call('search_text', { pattern: 'h.llo' })).structured['hits'],
    ).toHaveLength(1);
    await client.close();
  });

  test('runs where no code may be made of strings', async () => {
    const { command, args } = bundle(docs);
    const client = await connect('v2 modern', {
      command,
      args: ['--disallow-code-generation-from-strings', ...args],
    });
    expect((await client.call('read_file', { path: 'file.txt' })).structured['text']).toBe('hello');
    await client.close();
  });

  test(
    verifies('C6.workers', 'E14.eof', 'its workers see no environment, and end with it'),
    async () => {
      const { command, args } = bundle(docs, '--sandbox', 'portable');
      const raw = startRaw({ command, args, env: { ...environment(), CANARY_SECRET: 'hunter2' } });
      await raw.initialize();
      await raw.ask(1, 'tools/call', { name: 'read_file', arguments: { path: 'file.txt' } });
      expect(environOf(raw.process.pid)).toContain('hunter2');
      const children = childrenOf(raw.process.pid);
      expect(children.length).toBeGreaterThan(0);
      // Node's own channel to its parent is all that there is.
      const variables = children.flatMap((pid) =>
        environOf(pid)
          .split('\0')
          .filter((text) => text !== ''),
      );
      expect(variables.filter((text) => !text.startsWith('NODE_CHANNEL_'))).toEqual([]);
      await raw.end();
      await eventually(
        () => children.filter((pid) => existsSync(`/proc/${pid}`)),
        (left) => left.length === 0,
        2000,
      );
    },
  );

  test('a root that is replaced later redirects nothing', async () => {
    const before = join(temp.path, 'replaced');
    temp.write('replaced/file.txt', 'first');
    const client = await connect('v2 modern', bundle(before));
    await client.call('list_roots');
    spawnSync('mv', [before, `${before}-moved`]);
    temp.write('replaced/file.txt', 'SECOND');
    expect((await client.call('read_file', { path: 'file.txt' })).structured['text']).toBe('first');
    await client.close();
  });
});

function childrenOf(pid: number | undefined): readonly string[] {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

/** What a process was started with, as everyone of the same user can read it. */
function environOf(pid: string | number | undefined): string {
  return readFileSync(`/proc/${String(pid)}/environ`, 'utf8');
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
