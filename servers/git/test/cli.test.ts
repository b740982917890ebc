import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import {
  connect,
  gitFixtures,
  makeTemp,
  runOnce,
  verifies,
  withoutOverride,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

const temp = makeTemp();
const app = join(temp.path, 'app');
const places = join(temp.path, 'private');
beforeAll(() => {
  temp.write('app/file.txt', 'hello\n');
  temp.write('other/app/file.txt', 'other\n');
  mkdirSync(places);
  mkdirSync(join(temp.path, 'open'));
  chmodSync(join(temp.path, 'open'), 0o777);
  gitFixtures.git(app, ['init', '--quiet']);
  gitFixtures.git(app, ['add', '.']);
  gitFixtures.git(app, ['commit', '--quiet', '--message', 'First']);
});
afterAll(() => temp.remove());

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runOnce(bundle(...args), { ...process.env, ...env });
}

describe('a configuration that cannot be served', () => {
  test.each<readonly [args: readonly string[], problem: string]>([
    [[], '[NAME=]REPOSITORY: is missing'],
    [[join(temp.path, 'missing')], 'is not a directory that can be opened'],
    [[join(app, 'file.txt')], 'is not a directory that can be opened'],
    [[app, join(temp.path, 'other/app')], 'has the name of another root'],
    [[`App=${app}`], 'needs a name of its own'],
    [['/'], 'holds a whole home or system'],
    [[homedir()], 'holds a whole home or system'],
    [[app, '--git', 'git'], '--git: is not a program that can be run'],
    [[app, '--git', join(app, 'file.txt')], '--git: is not a program that can be run'],
    [
      [app, '--private-directory', join(temp.path, 'missing')],
      '--private-directory: is not a directory that can be opened',
    ],
    [
      [app, '--private-directory', join(temp.path, 'open')],
      '--private-directory: others may write there',
    ],
    [[app, '--writable', 'app'], '--writable: unknown option'],
    [[app, '--policy', join(temp.path, 'missing.json')], '--policy: the file is missing'],
  ])(verifies('C6.configuration', 'C6.roots', '%j: one line, exit 2'), (args, problem) => {
    const { status, stdout, stderr } = run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a machine without git is told so, at once', () => {
    const { status, stderr } = run([app], { PATH: join(temp.path, 'nothing') });
    expect(status).toBe(2);
    expect(stderr).toContain('there is no git on PATH');
  });

  test(verifies('C6.binary', 'a git of the working directory is never taken'), () => {
    const bin = join(temp.path, 'bin');
    temp.write('bin/git', `#!/bin/sh\n: > '${join(temp.path, 'canary')}'\n`);
    chmodSync(join(bin, 'git'), 0o755);
    const { command, args } = bundle('check', app);
    for (const PATH of ['', '.', './', 'bin']) {
      const { status } = spawnSync(command, args, {
        cwd: PATH === 'bin' ? temp.path : bin,
        env: { PATH },
      });
      expect(status).toBe(2);
    }
    expect(existsSync(join(temp.path, 'canary'))).toBe(false);
  });
});

describe('check', () => {
  test('says which git it uses, which is no warning', () => {
    const { status, stdout } = run(['check', app]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^git \d+\.\d+\.\d+$/m);
  });

  test.each(['000', '444', '111'])('warns of a root of mode %s, which cannot be read', (mode) => {
    const closed = join(temp.path, 'closed');
    mkdirSync(closed);
    chmodSync(closed, mode);
    try {
      const both = bundle('check', closed, `open=${app}`);
      const { status, stdout } = runOnce(withoutOverride(both), process.env);
      const told = stdout.match(/^warning: the root \w+ cannot be read by user \d+$/gm);
      expect([status, told]).toEqual([0, [expect.stringContaining('the root closed ')]]);
    } finally {
      // Only root removes what it cannot look into.
      chmodSync(closed, 0o700);
      rmdirSync(closed);
    }
  });

  test('refuses a git that is too old, and names the holes of one that is not mended', () => {
    for (const [version, told, code] of [
      ['2.30.1', /too old/, 2],
      ['2.45.1', /published holes/, 0],
      ['2.50.1', /git 2\.50\.1/, 0],
    ] as const) {
      const fake = temp.write(`fake-${version}`, `#!/bin/sh\necho git version ${version}\n`);
      chmodSync(fake, 0o755);
      const { status, stdout, stderr } = run(['check', app, '--git', fake]);
      expect([version, status]).toEqual([version, code]);
      expect(stdout + stderr).toMatch(told);
      expect(/^warning: .*published holes/m.test(stdout)).toBe(version === '2.45.1');
    }
  });

  test('a root within another one is told, when not everybody may read both', () => {
    const beside = makeTemp();
    const policy = beside.write('nested.json', JSON.stringify({ version: 1, principals: [] }));
    const nested = [`all=${temp.path}`, `inner=${app}`, '--policy', policy];
    expect(run(['check', ...nested]).stdout).toContain('the root inner lies within all: ');
    expect(run(['check', ...nested.slice(0, 2)]).stdout).not.toContain('lies within');
    beside.remove();
  });

  test(
    verifies('C6.configuration', 'a file of the server itself in a work tree is not served'),
    () => {
      const policy = join(app, 'policy.json');
      writeFileSync(policy, '{"version":1,"principals":[]}');
      const { status, stderr } = run([`app=${app}`, '--policy', policy]);
      expect([status, stderr]).toEqual([
        2,
        expect.stringContaining('--policy: the file lies beneath app'),
      ]);
      rmSync(policy);
    },
  );

  test('a policy that names what is not served is told', () => {
    const policy = temp.write(
      'policy.json',
      JSON.stringify({
        version: 1,
        principals: [{ match: { kind: 'local' }, git: { repositories: [{ repository: 'apps' }] } }],
      }),
    );
    expect(run(['check', app, '--policy', policy]).stdout).toContain(
      'the policy names a repository that is not served: apps',
    );
  });
});

test(
  verifies(
    'E12.private',
    'a start makes nothing; what is made is private, and the end takes it away',
  ),
  async () => {
    const client = await connect('v2 modern', bundle(app, '--private-directory', places));
    await client.listTools();
    expect(readdirSync(places)).toEqual([]);
    await client.call('git_status', {});
    const [made = ''] = readdirSync(places);
    const [ofRepository = ''] = readdirSync(join(places, made));
    for (const directory of [made, join(made, ofRepository)])
      expect(statSync(join(places, directory)).mode & 0o777).toBe(0o700);
    await client.close();
    expect(readdirSync(places)).toEqual([]);
  },
);

test(
  verifies(
    'E5.repositories',
    'a caller sees the repositories that the policy names, and no others',
  ),
  async () => {
    symlinkSync(app, join(temp.path, 'linked'));
    const policy = temp.write(
      'narrow.json',
      JSON.stringify({
        version: 1,
        principals: [
          {
            match: { kind: 'local' },
            tools: ['*'],
            resources: ['*'],
            git: { repositories: [{ repository: 'open' }] },
          },
        ],
      }),
    );
    const served = [`shut=${app}`, `open=${join(temp.path, 'linked')}`];
    const client = await connect('v2 modern', bundle(...served, '--policy', policy));
    const { text } = await client.call('git_repos', {});
    expect(text).toContain('open');
    expect(text).not.toContain('shut');
    expect((await client.call('git_log', {})).isError).toBe(false);
    const shut = await client.call('git_log', { repo: 'shut' });
    const missing = await client.call('git_log', { repo: 'missing' });
    expect(shut.text).toMatch(/^repository\.unknown: /);
    expect(shut.text).toBe(missing.text);
    await expect(client.read('git://shut/blob/HEAD/file.txt')).rejects.toThrow();
    await client.close();
  },
);

test(
  verifies(
    'E5.repositories',
    'a work tree of a repository in a root that is not granted is refused by every way in',
  ),
  async () => {
    temp.write('lent/file.txt', 'LENTMARKER\n');
    const lent = join(temp.path, 'lent');
    gitFixtures.git(lent, ['init', '--quiet']);
    gitFixtures.git(lent, ['add', '.']);
    gitFixtures.git(lent, ['commit', '--quiet', '--message', 'LENTMARKER']);
    const granted = join(temp.path, 'granted');
    mkdirSync(granted);
    gitFixtures.git(lent, ['worktree', 'add', '--quiet', join(granted, 'tree')]);
    const grants = (...names: string[]): string =>
      temp.write(
        `grants-${names.join('-')}.json`,
        JSON.stringify({
          version: 1,
          principals: [
            {
              match: { kind: 'local' },
              tools: ['*'],
              resources: ['*'],
              git: { repositories: names.map((repository) => ({ repository })) },
            },
          ],
        }),
      );
    const answers = async (policy: string): Promise<readonly string[]> => {
      const served = bundle(`granted=${granted}`, `lent=${lent}`, '--policy', policy);
      const client = await connect('v2 modern', served);
      const repo = 'granted/tree';
      const texts = [
        (await client.call('git_log', { repo })).text,
        (await client.call('git_file', { repo, path: 'file.txt' })).text,
        (await client.call('git_repos', {})).text,
        (await client.call('git_audit', { repo })).text,
        await client
          .read('git://granted%2Ftree/blob/HEAD/file.txt')
          .then((read) => JSON.stringify(read), String),
      ];
      await client.close();
      return texts;
    };
    const head = gitFixtures.git(lent, ['rev-parse', 'HEAD']).slice(0, 12);
    for (const text of await answers(grants('granted'))) {
      expect(text).not.toContain('LENTMARKER');
      expect(text).not.toContain(head);
    }
    const [log = '', file = ''] = await answers(grants('granted', 'lent'));
    expect(log).toContain('LENTMARKER');
    expect(file).toContain('LENTMARKER');
  },
);
