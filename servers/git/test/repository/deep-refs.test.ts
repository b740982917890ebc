import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { buildRepository, git, type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn } from './opening.ts';

/** Bytes of a path that the kernel takes, its end included. */
const PATH_MAX = 4096;
const TOKEN = 'deadbeefcafebabe0123456789abcdef01234567';

/** So far down that a path through the repository is longer than one through the private directory. */
const STEPS = Array.from({ length: 4 }, () => 'p'.repeat(120));
const DEEP = Array.from({ length: 18 }, () => 'd'.repeat(200));

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let opening: Opening;
let heads: string;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  opening = openingIn(ground.private);
  heads = join(ground.root, ...STEPS, '.git/refs/heads');
  buildRepository(join(ground.root, ...STEPS), 'deep');
});
afterEach(async () => {
  await opening.close();
  temp.remove();
});

test(
  verifies('C3.repository', 'refs that are too deep for a path to be looked at are refused'),
  async () => {
    const [first = ''] = DEEP;
    const short = join(temp.path, first);
    writeFileSync(join(ground.outside, 'token'), `${TOKEN}\n`);
    mkdirSync(join(temp.path, ...DEEP), { recursive: true });
    symlinkSync(join(ground.outside, 'token'), join(temp.path, ...DEEP, 'x'));
    renameSync(short, join(heads, first));
    try {
      const app = dirname(dirname(dirname(heads)));
      expect(git(app, ['for-each-ref', '--format=%(objectname)'])).toContain(TOKEN);
      expect(join(heads, ...DEEP).length).toBeGreaterThan(PATH_MAX);
      expect(join(ground.private, 'x'.repeat(60), ...DEEP).length).toBeLessThan(PATH_MAX);
      await expect(opening.open(ground.root, ...STEPS)).rejects.toMatchObject({
        code: 'repository.broken',
        detail: expect.stringMatching(/^layout\.unreadable refs\/heads\/d/),
      });
    } finally {
      // Otherwise nobody can remove it.
      renameSync(join(heads, first), short);
    }
    await expect(opening.open(ground.root, ...STEPS)).resolves.toBeDefined();
  },
);
