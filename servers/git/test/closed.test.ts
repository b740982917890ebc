import { appendFileSync, chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { connect, gitFixtures, makeTemp, withoutOverride } from '@secure-mcp/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { bundle } from './bundle.ts';

// What another user made and did not open for this one: in a container most likely.

const temp = makeTemp();
const app = join(temp.path, 'app');
beforeAll(() => {
  temp.write('app/file.txt', 'hello\n');
  temp.write('app/other.txt', 'hello\n');
  gitFixtures.git(app, ['init', '--quiet']);
  gitFixtures.git(app, ['add', '.']);
  gitFixtures.git(app, ['commit', '--quiet', '--message', 'Loose']);
  gitFixtures.git(app, ['tag', 'loose']);
  gitFixtures.git(app, ['commit', '--quiet', '--allow-empty', '--message', 'Packed']);
  gitFixtures.git(app, ['repack', '--quiet']);
  appendFileSync(join(app, 'file.txt'), 'changed\n');
  appendFileSync(join(app, 'other.txt'), 'changed\n');
});
afterAll(() => temp.remove());

let client: Awaited<ReturnType<typeof connect>>;
beforeEach(async () => {
  client = await connect('v2 modern', withoutOverride(bundle(app)));
});
afterEach(() => client.close());

async function textOf(tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return (await client.call(tool, args)).text;
}

/** Gives a place another mode for as long as something is done. Only root removes what it cannot look into. */
async function withMode(name: string, mode: string, act: () => Promise<void>): Promise<void> {
  const path = join(app, name);
  const before = statSync(path).mode & 0o777;
  chmodSync(path, mode);
  try {
    await act();
  } finally {
    chmodSync(path, before);
  }
}

test.each([
  ['.git', '000'],
  ['.git', '444'],
  ['.git/objects', '000'],
  ['.git/objects', '444'],
  ['.git/objects/info', '000'],
  ['.git/objects/info', '444'],
  ['.git/objects/pack', '000'],
  ['.git/objects/pack', '444'],
  ['.git/refs', '000'],
  ['.git/refs/heads', '444'],
])(
  'a repository whose %s has the mode %s is refused, and not told to be empty',
  async (name, mode) => {
    await withMode(name, mode, async () => {
      for (const tool of ['git_log', 'git_show', 'git_refs', 'git_status'])
        expect([tool, await textOf(tool)]).toEqual([
          tool,
          expect.stringMatching(/^repository\.broken: /),
        ]);
      expect(await textOf('git_repos')).toContain('refused');
      expect(await textOf('git_audit')).toContain('layout.unreadable');
    });
  },
);

test('objects that are closed while they are served are refused as well', async () => {
  expect(await textOf('git_log')).toMatch(/^2 commits\./);
  await withMode('.git/objects', '000', async () => {
    expect(await textOf('git_log')).toMatch(/^repository\.broken: /);
  });
  expect(await textOf('git_log')).toMatch(/^2 commits\./);
});

test('a directory of objects that can be entered is enough: git asks for its parts by name', async () => {
  await withMode('.git/objects', '111', async () => {
    expect(await textOf('git_log')).toMatch(/^2 commits\./);
  });
});

test('a branch whose file is closed is not told to be one without a commit', async () => {
  const branch = gitFixtures.git(app, ['symbolic-ref', 'HEAD']).trim();
  await withMode(`.git/${branch}`, '000', async () => {
    expect(await textOf('git_log')).toMatch(/^repository\.broken: /);
    expect(await textOf('git_show')).toMatch(/^repository\.broken: /);
  });
});

test('a file of the work tree that is closed is named as the reason for no difference', async () => {
  await withMode('file.txt', '000', async () => {
    for (const args of [{}, { mode: 'head' }])
      expect(await textOf('git_diff', args)).toMatch(/^file\.unreadable: .*work tree.*git_status/);
    expect(await textOf('git_diff', { paths: ['other.txt'] })).toMatch(/^1 file changed/);
  });
});
