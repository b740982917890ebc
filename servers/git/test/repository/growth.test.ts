import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { eventually, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ownBytes } from '../../src/adapter/repository/own-bytes.ts';
import { object, parseOid, word } from '../../src/guard/index.ts';
import { buildRepository, commit, git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn, someTime } from './opening.ts';

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

const app = (...steps: string[]): string => join(ground.root, 'app', ...steps);
const MEGABYTE = 1_000_000;

describe('previews of merges', () => {
  /** A file that no compression makes smaller, changed on two branches. */
  const branchesOf = (bytes: number): readonly [string, string] => {
    writeFileSync(app('text'), `${randomBytes(bytes / 2).toString('hex')}\nmiddle\n`);
    git(app(), ['add', '.']);
    git(app(), ['commit', '-qm', 'base']);
    git(app(), ['branch', '-f', 'side']);
    commit(app(), 'text', 'end\n', 'end');
    git(app(), ['checkout', '-q', 'side']);
    commit(app(), 'a.txt', 'side\n', 'side');
    git(app(), ['checkout', '-q', 'main']);
    return [git(app(), ['rev-parse', 'main']), git(app(), ['rev-parse', 'side'])];
  };
  const words = (pair: readonly string[]) => [
    word('merge-tree'),
    word('--write-tree'),
    ...pair.map((oid) => {
      const parsed = parseOid(oid.trim());
      if (parsed === undefined) throw new Error('no id');
      return object(parsed);
    }),
  ];

  test(verifies('C10.repository-bombs', 'their results are gone afterwards'), async () => {
    const [main, side] = branchesOf(1000);
    const opened = await opening.open(ground.root, 'app');
    const before = ownBytes(opened.profile.gitDir);
    let during = '';
    await opened.merges.use(someTime(), async ({ env }) => {
      during = env['GIT_OBJECT_DIRECTORY'] ?? '';
      writeFileSync(join(during, 'large'), randomBytes(MEGABYTE));
      expect(ownBytes(opened.profile.gitDir)).toBeGreaterThan(before + MEGABYTE);
    });
    expect(existsSync(during)).toBe(false);
    const tree = (await opening.git(opened, words([main, side]))).trim();
    // It was made, and is nowhere any more: not with us, and not in the repository.
    expect(tree).toMatch(/^[0-9a-f]{40}$/);
    const left = readdirSync(opened.profile.gitDir, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name.endsWith(tree.slice(2)))).toEqual([]);
    const failing = opened.merges.use(someTime(), async ({ env }) => {
      during = env['GIT_OBJECT_DIRECTORY'] ?? '';
      throw new Error('stopped');
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(existsSync(during)).toBe(false);
  });

  test(
    verifies('C10.repository-bombs', 'a pack that was broken off leaves nothing'),
    async () => {
      branchesOf(24 * MEGABYTE);
      const opened = await opening.open(ground.root, 'app');
      const before = ownBytes(opened.profile.gitDir);
      const cancelled = new AbortController();
      const run = { ...someTime(), signal: cancelled.signal };
      const preview = opened.merges.use(run, async () => 'packed');
      const ended = preview.catch((error: unknown) => String(error));
      await eventually(
        () => ownBytes(opened.profile.gitDir),
        (held) => held > before + MEGABYTE,
        30_000,
      );
      cancelled.abort(new Error('cancelled'));
      expect(await ended).toContain('cancelled');
      expect(ownBytes(opened.profile.gitDir)).toBeLessThan(before + MEGABYTE);
    },
    60_000,
  );
});

describe('private directories of a repository that changes with every call', () => {
  const bytes = { privateBytesMax: 20 * MEGABYTE, retiredBytesMax: 10 * MEGABYTE };
  const crowd = (repository: string): void => {
    const oid = git(repository, ['rev-parse', 'HEAD']).trim();
    const lines = Array.from(
      { length: 60_000 },
      (_, at) => `${oid} refs/heads/many/${String(at).padStart(7, '0')}\n`,
    );
    writeFileSync(join(repository, '.git/packed-refs'), lines.join(''));
  };

  test(
    verifies('C10.repository-bombs', 'those that are over do not pile up'),
    async () => {
      const other = openingIn(ground.private, { bytes });
      crowd(app());
      for (let call = 0; call < 10; call += 1) {
        appendFileSync(app('.git/config'), '\n');
        const opened = await other.open(ground.root, 'app');
        expect(existsSync(opened.profile.gitDir)).toBe(true);
      }
      // Each is four megabytes: the one that is read, and two that may still be read.
      expect(ownBytes(ground.private)).toBeLessThan(15 * MEGABYTE);
      expect(other.over).toHaveLength(9);
      await other.close();
    },
    60_000,
  );

  test(
    verifies('C10.repository-bombs', 'nor do those of many repositories'),
    async () => {
      const other = openingIn(ground.private, { bytes });
      const names = Array.from({ length: 12 }, (_, at) => `many${String(at)}`);
      for (const name of names) {
        buildRepository(join(ground.root, name), name);
        crowd(join(ground.root, name));
        await other.open(ground.root, name);
      }
      expect(ownBytes(ground.private)).toBeLessThan(35 * MEGABYTE);
      // The ones that were asked for last are kept as they are.
      const again = await other.open(ground.root, names.at(-2) ?? '');
      expect(other.over).not.toContain(again.profile.key);
      await other.close();
    },
    60_000,
  );
});
