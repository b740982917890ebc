import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeTemp, type TempDirectory, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { placeProblem } from '../../src/reload/file-place.ts';
import { until, watchTexts, type Watching } from './watching.ts';

const WRITABLE = 'stands in or beneath a directory that others may write';
const SOMEBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

let temp: TempDirectory;
let watchings: Watching[] = [];
beforeEach(() => {
  temp = makeTemp();
});
afterEach(() => {
  for (const { watched } of watchings) watched.close();
  watchings = [];
  temp.remove();
});

async function start(path: string): Promise<Watching> {
  const watching = await watchTexts([path]);
  watchings.push(watching);
  return watching;
}

/** A policy within directories, the outermost of which is open to whom the mode says. */
function policyIn(mode: number): string {
  const path = temp.write('open/inner/policy', 'ok 1');
  chmodSync(join(temp.path, 'open'), mode);
  return path;
}

describe('whoever can write a directory puts another file in its place', () => {
  test.each([
    ['everybody', 0o777],
    ['a group', 0o775],
  ])(
    verifies('C13.reload', 'a file does not count where %s may write a directory above it'),
    async (_who, mode) => {
      const path = policyIn(mode);
      await expect(start(path)).rejects.toThrow(`--policy: the file ${WRITABLE}`);
      chmodSync(join(temp.path, 'open'), 0o755);
      const { watched } = await start(path);
      expect(watched.current).toBe('ok 1');
    },
  );

  test(
    verifies('C13.reload', 'what is renamed into a directory that was opened since does not count'),
    async () => {
      const path = policyIn(0o755);
      const { watched, failed } = await start(path);
      chmodSync(dirname(path), 0o777);
      writeFileSync(`${path}.theirs`, 'ok 2');
      renameSync(`${path}.theirs`, path);
      await until('the failure', () => failed.length > 0);
      expect([watched.current, watched.healthy]).toEqual(['ok 1', false]);
      expect(failed).toEqual([`the file ${WRITABLE}`]);
    },
  );

  test(verifies('C13.reload', 'the way to what a link leads to is judged as well'), () => {
    const path = policyIn(0o777);
    mkdirSync(join(temp.path, 'own'));
    const link = join(temp.path, 'own/policy');
    symlinkSync(relative(dirname(link), path), link);
    expect(placeProblem(link)).toBe(WRITABLE);
    symlinkSync(join(temp.path, 'open'), join(temp.path, 'own/directory'));
    expect(placeProblem(join(temp.path, 'own/directory/inner/policy'))).toBe(WRITABLE);
    chmodSync(join(temp.path, 'open'), 0o755);
    expect(placeProblem(link)).toBeUndefined();
    expect(placeProblem(join(temp.path, 'own/directory/inner/../inner/policy'))).toBeUndefined();
  });

  test('a link to itself', () => {
    const loop = join(temp.path, 'loop');
    symlinkSync('loop', loop);
    expect(placeProblem(loop)).toBe('is reached by too many links');
  });

  test('a path from the working directory is judged from its beginning', () => {
    const path = relative(process.cwd(), policyIn(0o777));
    expect(placeProblem(path)).toBe(WRITABLE);
  });
});

/** Only root can give away what it has: each is theirs once it was spoiled. */
const THEIRS: readonly (readonly [what: string, spoil: (link: string) => void])[] = isRoot
  ? [
      ['stands in or beneath a directory of somebody else', (link) => give(dirname(link))],
      // Anybody may lay one in a sticky directory.
      ['is reached by a link of somebody else', (link) => give(link)],
    ]
  : [];

function give(path: string): void {
  lchownSync(path, SOMEBODY, SOMEBODY);
}

test.each(THEIRS)(verifies('C13.reload', 'what %s does not count'), (problem, spoil) => {
  const link = join(temp.path, 'sticky/policy');
  mkdirSync(dirname(link));
  chmodSync(dirname(link), 0o1777);
  symlinkSync(policyIn(0o755), link);
  expect(placeProblem(link)).toBeUndefined();
  spoil(link);
  expect(placeProblem(link)).toBe(problem);
});

/** As the kubelet lays a secret out: `policy` → `..data/policy`, and `..data` → a directory of its time. */
function mountSecret(directory: string, mode: number): string {
  mkdirSync(join(directory, '..2026_11_28'), { recursive: true });
  writeFileSync(join(directory, '..2026_11_28/policy'), 'ok 1');
  symlinkSync('..2026_11_28', join(directory, '..data'));
  symlinkSync('..data/policy', join(directory, 'policy'));
  chmodSync(directory, mode);
  return join(directory, 'policy');
}

describe('what orchestrators mount', () => {
  test('a Kubernetes secret: mode 1777, and links to a directory of its own', async () => {
    const path = mountSecret(join(temp.path, 'secret'), 0o1777);
    const { watched, reloaded } = await start(path);
    // The next version, as the kubelet turns to it.
    temp.write('secret/..2026_11_29/policy', 'ok 2');
    symlinkSync('..2026_11_29', join(temp.path, 'secret/..data_tmp'));
    renameSync(join(temp.path, 'secret/..data_tmp'), join(temp.path, 'secret/..data'));
    await until('the next version', () => watched.current === 'ok 2');
    expect(reloaded).toEqual(['--policy']);
  });
});

const mayMount = isRoot && spawnSync('unshare', ['-m', 'true']).status === 0;
const MODULE = fileURLToPath(new URL('../../src/reload/file-place.ts', import.meta.url));
const JUDGE = `import(${JSON.stringify(MODULE)})
  .then(({ placeProblem }) => console.log(placeProblem(process.argv[1])))`;
/** Mounts what the first argument names, at the second one, writable and then not. */
const MOUNT = `mount --bind "$1" "$2" && "$3" -e "$4" "$2/policy" \
  && mount -o remount,bind,ro "$2" && "$3" -e "$4" "$2/policy"`;

test.each(mayMount ? [0o777] : [])(
  'a Kubernetes ConfigMap: mode %o, on a mount that is read-only',
  (mode) => {
    const source = join(temp.path, 'source');
    mountSecret(source, mode);
    const target = join(temp.path, 'target');
    mkdirSync(target);
    const args = ['-m', 'sh', '-c', MOUNT, 'sh', source, target, process.execPath, JUDGE];
    const told = execFileSync('unshare', args, { encoding: 'utf8' });
    expect(told).toBe(`${WRITABLE}\nundefined\n`);
  },
);
