import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { LIMITS } from '../../src/policy.ts';
import { git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let opening: Opening;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  opening = openingIn(ground.private);
});
afterEach(async () => {
  await opening.close();
  temp.remove();
});

/** All places that git reads something from without being asked for it. */
const PLACES = [
  'HEAD',
  'config',
  'packed-refs',
  'shallow',
  'index',
  'info/exclude',
  'info/attributes',
  'info',
  'refs',
  'refs/heads',
  'refs/heads/other',
  'refs/heads/deep/er',
  'logs',
  'logs/HEAD',
  'objects',
  'objects/pack',
  'objects/pack/pack-0000000000000000000000000000000000000000.idx',
  'objects/aa',
  'objects/aa/00000000000000000000000000000000000000',
  'objects/info/alternates',
] as const;

const readAll = async (): Promise<void> => {
  const opened = await opening.open(ground.root, 'app');
  await opening.index(opened);
};

const place = (name: string): string => {
  const path = join(ground.root, 'app/.git', name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  return path;
};

test.each(PLACES)(
  verifies('C3.special', 'a pipe in the place of %s is refused, and nobody waits for it'),
  async (name) => {
    const path = place(name);
    execFileSync('mkfifo', [path]);
    await expect(readAll()).rejects.toMatchObject({ code: expect.stringMatching(/^repository\./) });
  },
);

test.each(PLACES)(
  verifies('C3.repository', 'a link in the place of %s is refused, even to what is inside'),
  async (name) => {
    const path = place(name);
    const target = join(ground.outside, 'app/.git', name.startsWith('refs') ? 'refs' : 'config');
    symlinkSync(target, path);
    await expect(readAll()).rejects.toMatchObject({ code: 'repository.refused' });
  },
);

test(verifies('C3.special', 'a socket and a device are no files of git'), async () => {
  const path = place('shallow');
  symlinkSync('/dev/zero', path);
  await expect(readAll()).rejects.toMatchObject({ code: 'repository.refused' });
});

test(verifies('C10.repository-bombs', 'files of git that are too large are not read'), async () => {
  writeFileSync(place('config'), Buffer.alloc(1_048_577, '\n'));
  await expect(readAll()).rejects.toMatchObject({ code: 'repository.too_large' });
});

test(
  verifies('C10.repository-bombs', 'a configuration that git would list as gigabytes is refused'),
  async () => {
    const section = `[a "${'x'.repeat(500_000)}"]\n`;
    writeFileSync(place('config'), section + 'b\n'.repeat(200_000));
    await expect(readAll()).rejects.toMatchObject({ code: 'repository.too_large' });
  },
);

test.each([
  ['config', '[a]\n' + 'b\n'.repeat(500_000)],
  ['config', '[a]\n' + 'b\n'.repeat(LIMITS.settingsMax + 1)],
  ['objects/info/alternates', '.\n'.repeat(500_000)],
])(
  verifies('C10.repository-bombs', 'more lines in %s than any repository needs are refused'),
  async (name, text) => {
    writeFileSync(place(name), text);
    await expect(readAll()).rejects.toMatchObject({ code: 'repository.too_large' });
  },
);

test('a configuration of some thousand branches is none of them', async () => {
  const branches = Array.from(
    { length: 5000 },
    (_, at) => `[branch "${at}"]\nremote=.\nmerge=refs/heads/x\n`,
  );
  writeFileSync(place('config'), branches.join(''));
  await expect(readAll()).resolves.toBeUndefined();
});

test.each(['ref: ../../outside/app/.git/HEAD\n', 'ref: refs/../../x\n', 'root:x:0:0\n', ''])(
  'a HEAD that names no branch and no commit is refused: %j',
  async (text) => {
    writeFileSync(place('HEAD'), text);
    await expect(readAll()).rejects.toMatchObject({ code: 'repository.broken' });
  },
);

test.each(['packed-refs', 'shallow'])(
  verifies('C3.repository', 'what stands in a strange %s is not printed by git'),
  async (name) => {
    writeFileSync(place(name), 'root:x:0:0:root:/root:/bin/bash\n');
    const refused = { code: 'repository.broken', detail: `layout.malformed ${name}` };
    await expect(readAll()).rejects.toMatchObject(refused);
  },
);

test('a repository with everything in its place is opened', async () => {
  git(join(ground.root, 'app'), ['pack-refs', '--all']);
  await expect(readAll()).resolves.toBeUndefined();
});
