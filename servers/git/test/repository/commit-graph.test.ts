import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { gitFixtures, makeTemp, treeDigest, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createGraphs } from '../../src/adapter/repository/commit-graph.ts';
import { word } from '../../src/guard/argument.ts';
import { buildRepository, git } from './fixture.ts';
import { type Opening, openingIn } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let opening: Opening;
let large: string;
beforeAll(() => {
  temp = makeTemp();
  large = join(temp.path, 'root/large');
  // Three objects and more for each commit, so that it counts as large enough.
  gitFixtures.buildBig(large, { commits: 6000, files: 100 });
  opening = openingIn(temp.path);
}, 240_000);
afterAll(async () => {
  await opening.close();
  temp.remove();
});

const LOG = [word('log'), word('--format=%H %P'), word('HEAD'), word('--')];

/** Waits for what comes from behind; far longer than it takes. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 100_000;
  while (!holds() && performance.now() < end) await sleep(100);
}

test(
  verifies('C6.travelling', 'a graph is written for a large repository, and none in it'),
  async () => {
    const before = treeDigest(join(large, '.git'));
    const opened = await opening.open(join(temp.path, 'root'), 'large');
    const graphs = createGraphs(existsSync);
    const { directory } = opened.prepared;
    const plain = await opening.git(opened, LOG);
    graphs.consider(opened.prepared, opened.profile);
    const graph = join(directory, 'objects/info/commit-graph');
    await until(() => existsSync(graph));
    expect(existsSync(graph)).toBe(true);
    const isUsed = (): boolean =>
      git(directory, ['config', '--file', 'config', '--get-all', 'core.commitGraph']).includes(
        'true',
      );
    await until(isUsed);
    expect(isUsed()).toBe(true);
    expect(await opening.git(opened, LOG)).toBe(plain);
    await graphs.close();
    expect(treeDigest(join(large, '.git'))).toBe(before);
    expect(existsSync(join(large, '.git/objects/info/commit-graph'))).toBe(false);
  },
  240_000,
);

test('none is written for a small repository', async () => {
  buildRepository(join(temp.path, 'root/small'), 'small');
  const { prepared, profile } = await opening.open(join(temp.path, 'root'), 'small');
  const graphs = createGraphs(existsSync);
  graphs.consider(prepared, profile);
  // It would have been begun long before, and takes a tenth of this.
  await sleep(3000);
  expect(existsSync(join(prepared.directory, 'objects/info/commit-graph'))).toBe(false);
  await graphs.close();
});
