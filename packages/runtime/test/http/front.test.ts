import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startWorld, type World } from './front-world.ts';
import { talk } from './wire.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('a good request', () => {
  test('is served, and the connection goes on', async () => {
    const first = await talk(world.port, world.call('first'), { answers: 1 });
    expect(first.answers[0]).toMatchObject({ status: 200 });
    expect(first.answers[0]?.body).toContain('noted first');
    expect(world.ran).toContain('first');
  });
});
