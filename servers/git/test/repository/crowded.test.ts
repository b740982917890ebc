import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createPace, hostBytes, listPlain } from '../../src/adapter/repository/plain-tree.ts';
import { LIMITS } from '../../src/policy.ts';
import { type Ground, groundIn } from './fixture.ts';
import { type Opening, openingIn } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
let opening: Opening;
let heads: string;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
  opening = openingIn(ground.private);
  heads = join(ground.root, 'app/.git/refs/heads');
});
afterEach(async () => {
  await opening.close();
  temp.remove();
}, 60_000);

function fill(directory: string, count: number, name: string): void {
  for (let at = 0; at < count; at += 1)
    mkdirSync(join(directory, `${String(at)}${name}`), { recursive: at === 0 });
}

const crowded = { code: 'repository.too_large', detail: expect.stringContaining('layout.crowded') };

test(
  verifies('C10.repository-bombs', 'directories of refs are not kept without a bound'),
  async () => {
    fill(join(heads, 'some'), 1000, '');
    await opening.open(ground.root, 'app');
    await setTimeout(200);
    // Also those that appear after the first call.
    fill(join(heads, 'many'), LIMITS.inspectDirectoriesMax, '');
    await expect(opening.open(ground.root, 'app')).rejects.toMatchObject(crowded);
  },
  120_000,
);

test(
  verifies('C10.repository-bombs', 'long names of directories are not kept without a bound'),
  async () => {
    // Paths of nearly 4,096 bytes.
    const deep = join(heads, `${'d'.repeat(250)}/`.repeat(13));
    fill(deep, Math.ceil(LIMITS.inspectPathBytesMax / 3500), 'x'.repeat(240));
    await expect(opening.open(ground.root, 'app')).rejects.toMatchObject(crowded);
  },
  120_000,
);

test('a long directory does not hold the thread', async () => {
  const directory = join(temp.path, 'long');
  mkdirSync(directory);
  for (let at = 0; at < 1000; at += 1) writeFileSync(join(directory, String(at)), '');
  let rests = 0;
  const pace = createPace(AbortSignal.timeout(60_000));
  const counting = {
    ...pace,
    async rest() {
      rests += 1;
      await pace.rest();
    },
  };
  expect(await listPlain(hostBytes(directory), counting)).toMatchObject({ files: 1000 });
  expect(rests).toBeGreaterThan(10);
  await expect(
    listPlain(hostBytes(directory), createPace(AbortSignal.abort(new Error('over')))),
  ).rejects.toThrow('over');
});
