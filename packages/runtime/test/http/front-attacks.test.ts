import { verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  CREDENTIALS,
  FRAMING,
  HEADERS,
  HOSTS,
  MESSAGES,
  METHODS,
  ORIGINS,
  TARGETS,
  TYPES,
  type WireAttack,
} from './attack-requests.ts';
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

/** Sees the attack get as far as it says without the front, and nowhere behind it. */
async function standsAgainst({ name, bytes, bare: verdict, status, closes }: WireAttack) {
  await attack(bare, bytes(bare, name), name);
  expect(bare.ran.includes(name)).toBe(verdict === 'runs');
  const { answers, closed, raw } = await attack(world, bytes(world, name), name);
  expect(world.ran).not.toContain(name);
  expect(answers[0]?.status ?? 'dropped').toBe(status);
  expect(raw).not.toContain('SECRET');
  expect(raw).not.toContain(world.key);
  if (closes === true)
    expect(closed || answers[0]?.headers.get('connection') === 'close').toBe(true);
}

describe('does not reach the tool', () => {
  test.each(CREDENTIALS)(verifies('C4.required', '$name'), standsAgainst);
  test.each(HEADERS)(verifies('C10.requests', '$name'), standsAgainst);
  test.each(FRAMING)(verifies('C10.requests', '$name'), standsAgainst);
  test.each(TARGETS)(verifies('C10.requests', '$name'), standsAgainst);
  test.each(HOSTS)(verifies('E10.host', '$name'), standsAgainst);
  test.each(ORIGINS)(verifies('E10.origin', '$name'), standsAgainst);
  test.each(METHODS)(verifies('C10.requests', '$name'), standsAgainst);
  test.each(TYPES)(verifies('C10.requests', '$name'), standsAgainst);
  test.each(MESSAGES)(verifies('C1.one-meaning', '$name'), standsAgainst);
});
