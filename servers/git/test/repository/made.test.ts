import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { makeTemp } from '@secure-mcp/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createGitRunner } from '../../src/adapter/process/git-process.ts';
import { findGit } from '../../src/adapter/git-binary.ts';
import { createGraphs } from '../../src/adapter/repository/commit-graph.ts';
import { createKeeper } from '../../src/adapter/repository/keeper.ts';
import { createPrivateRoot } from '../../src/adapter/repository/private-root.ts';
import { git, type Ground, groundIn } from './fixture.ts';
import { openingIn, someTime } from './opening.ts';

let temp: ReturnType<typeof makeTemp>;
let ground: Ground;
beforeEach(() => {
  temp = makeTemp();
  ground = groundIn(temp);
});
afterEach(() => temp.remove());

test('a directory that was made and cannot be used goes again', async () => {
  const opening = openingIn(ground.private);
  const runner = createGitRunner();
  const privateRoot = createPrivateRoot({ parent: ground.private, prefix: 'made-' });
  const keeper = createKeeper({
    privateRoot,
    binary: findGit(undefined) ?? '',
    gitFor: (run) => (profile, command, sink) => runner.run(profile, command, run, sink),
    onMade() {
      throw new Error('it cannot be used');
    },
    onOver: () => undefined,
  });
  try {
    const layout = opening.layout(ground.root, 'app');
    await expect(keeper.open(layout, someTime())).rejects.toThrow('it cannot be used');
    const made = readdirSync(ground.private).filter((name) => name.startsWith('made-'));
    expect(made).toHaveLength(1);
    expect(readdirSync(join(ground.private, made[0] ?? ''))).toEqual(['blank']);
  } finally {
    privateRoot.close();
    await runner.close();
    await opening.close();
  }
});

test('packs that went away cost a call nothing but its graph', async () => {
  const opening = openingIn(ground.private);
  try {
    git(join(ground.root, 'app'), ['gc', '--quiet']);
    const { prepared, profile } = await opening.open(ground.root, 'app');
    rmSync(join(ground.root, 'app/.git/objects/pack'), { recursive: true });
    const graphs = createGraphs(() => true);
    expect(() => graphs.consider(prepared, profile)).not.toThrow();
    expect(await graphs.close()).toBe(true);
  } finally {
    await opening.close();
  }
});
