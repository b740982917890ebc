import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { WIRE_ATTACKS } from './attack-requests.ts';
import { type Bare, startBare, startWorld, type World } from './front-world.ts';
import { talk } from './wire.ts';

let world: World;
let bare: Bare;
beforeAll(async () => {
  [world, bare] = await Promise.all([startWorld(), startBare()]);
});
afterAll(() => Promise.all([world.close(), bare.close()]));

/** Speaks, then lets a good call follow on another connection: what was to run has run by then. */
async function attack(to: Bare, bytes: string, text: string) {
  const said = await talk(to.port, bytes, { answers: 1 });
  await talk(to.port, to.call(`after ${text}`), { answers: 1 });
  expect(to.ran).toContain(`after ${text}`);
  return said;
}

describe('without the front', () => {
  test.each(WIRE_ATTACKS)('$name: $bare', async ({ name, bytes, bare: verdict }) => {
    await attack(bare, bytes(bare, name), name);
    expect(bare.ran.includes(name)).toBe(verdict === 'runs');
  });
});

describe('behind the front', () => {
  test.each(WIRE_ATTACKS)('$name does not reach the tool', async (one) => {
    const { name, bytes, status, closes = false } = one;
    const { answers, closed, raw } = await attack(world, bytes(world, name), name);
    expect(world.ran).not.toContain(name);
    expect(answers[0]?.status ?? 'dropped').toBe(status);
    expect(raw).not.toContain('SECRET');
    expect(raw).not.toContain(world.key);
    if (closes) expect(closed || answers[0]?.headers.get('connection') === 'close').toBe(true);
  });
});
