import { setImmediate as turn } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { expect, test } from 'vitest';

import { createGate, type Group } from '../../src/adapter/process/gate.ts';

const NEVER = new AbortController().signal;

/** Asks for places one after the other; says who got in, and lets a holder out by its name. */
function crowd(placesMax: number) {
  const gate = createGate(placesMax, 10);
  const holders = new Map<string, () => void>();
  return {
    ask(name: string, groups: readonly Group[], signal = NEVER): void {
      void gate.enter(signal, groups).then((place) => {
        if (place !== undefined) holders.set(name, place);
      });
    },
    leave(name: string): void {
      holders.get(name)?.();
      holders.delete(name);
    },
    async within(): Promise<string[]> {
      await turn();
      return Array.from(holders.keys());
    },
  };
}

const one = { name: 'one', placesMax: 2 };
const all = { name: 'all', placesMax: 3 };

test(verifies('E13.light', 'a group that has all its places is passed by others'), async () => {
  const { ask, leave, within } = crowd(4);
  for (const name of ['a', 'b', 'c']) ask(name, [one, all]);
  expect(await within()).toEqual(['a', 'b']);
  ask('other', [{ name: 'two', placesMax: 2 }, all]);
  ask('third', [{ name: 'three', placesMax: 2 }, all]);
  ask('outside', []);
  expect(await within()).toEqual(['a', 'b', 'other', 'outside']);
  leave('a');
  expect(await within()).toEqual(['b', 'other', 'outside', 'c']);
  leave('other');
  expect(await within()).toEqual(['b', 'outside', 'c', 'third']);
});

test('one that leaves two groups lets in who waits for either', async () => {
  const [left, right] = ['left', 'right'].map((name) => ({ name, placesMax: 1 }));
  if (left === undefined || right === undefined) throw new Error('no groups');
  const { ask, leave, within } = crowd(4);
  ask('both', [left, right]);
  ask('left', [left]);
  ask('right', [right]);
  expect(await within()).toEqual(['both']);
  leave('both');
  leave('both');
  expect(await within()).toEqual(['left', 'right']);
});

test('who gives up leaves the queue, and takes no place of a group', async () => {
  const { ask, leave, within } = crowd(1);
  const cancel = new AbortController();
  ask('a', [one]);
  ask('gone', [one], cancel.signal);
  ask('b', [one]);
  expect(await within()).toEqual(['a']);
  cancel.abort();
  leave('a');
  expect(await within()).toEqual(['b']);
  leave('b');
  ask('c', [one]);
  expect(await within()).toEqual(['c']);
});
