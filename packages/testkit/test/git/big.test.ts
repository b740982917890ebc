import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { gitFixtures, makeTemp } from '../../src/index.ts';

const { buildBig, git } = gitFixtures;

const SIZE = { commits: 20_000, files: 3000 };

const temp = makeTemp();

beforeAll(() => {
  buildBig(temp.path, SIZE);
}, 120_000);

afterAll(() => {
  temp.remove();
});

describe('a large repository', () => {
  test('has the commits and the files that were asked for, and merges', () => {
    const count = (...words: string[]): number =>
      Number(git(temp.path, ['rev-list', '--count', ...words, 'main']));
    expect(count()).toBeGreaterThanOrEqual(SIZE.commits);
    expect(count('--merges')).toBeGreaterThan(SIZE.commits / 20);
    expect(git(temp.path, ['ls-files']).trim().split('\n')).toHaveLength(SIZE.files);
  });

  test('is packed, whole, and checked out', () => {
    expect(git(temp.path, ['count-objects', '-v'])).toMatch(/^count: 0$[^]*^packs: 1$/m);
    expect(git(temp.path, ['status', '--porcelain'])).toBe('');
    expect(() => git(temp.path, ['fsck', '--connectivity-only'])).not.toThrow();
  });
});
