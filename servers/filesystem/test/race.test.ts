import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import {
  connect,
  makeTemp,
  startSwapping,
  type Swapper,
  type TestClient,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from './bundle.ts';
import { OPERATIONS } from './race-operations.ts';
import { SANDBOXES } from './walk/tree.ts';

/** How long each operation is raced, in milliseconds. `RACE_MS` makes it longer. */
const RACE_MS = Number(process.env['RACE_MS'] ?? 400);
/** Calls at the same time. */
const AT_ONCE = 6;
/** How often each name has changed its meaning at least; a busy machine does it thousands of times. */
const SWAPS_MIN = 100;

const temp = makeTemp();
const root = join(temp.path, 'root');
const swappers: Swapper[] = [];

beforeAll(async () => {
  // A directory that is now a link to the outside, a file that is now one, and a directory on the way.
  temp.write('root/swap/file.txt', 'inside');
  temp.write('root/swap/deep/file.txt', 'inside');
  temp.write('root/leaf.txt', 'inside');
  temp.write('root/way/through/file.txt', 'inside');
  temp.write('outside/file.txt', 'OUTSIDE');
  temp.write('outside/deep/file.txt', 'OUTSIDE');
  temp.write('outside/through/file.txt', 'OUTSIDE');
  temp.write('outside/OUTSIDE-NAME', 'OUTSIDE');
  mkdirSync(join(root, 'empty'));
  symlinkSync('../outside', join(root, 'swap-link'));
  symlinkSync('../outside/file.txt', join(root, 'leaf-link'));
  symlinkSync('../outside', join(root, 'way-link'));
  for (const [name, other] of [
    ['swap', 'swap-link'],
    ['leaf.txt', 'leaf-link'],
    ['way', 'way-link'],
  ] as const) {
    swappers.push(await startSwapping({ directory: root, name, other }));
  }
});
afterAll(async () => {
  const swaps = await Promise.all(swappers.map((swapper) => swapper.stop()));
  console.log(`swapped ${swaps.join(', ')} times`);
  temp.remove();
  // Names that nobody swapped prove nothing.
  if (Math.min(...swaps) < SWAPS_MIN) throw new Error('the names were hardly swapped');
});

describe.each(SANDBOXES)('the %s sandbox under a race', (sandbox) => {
  let client: TestClient;
  beforeAll(async () => {
    const command = bundle(
      `root=${root}`,
      '--sandbox',
      sandbox,
      '--rate-limit',
      '1000000/1',
      '--log-level',
      'silent',
    );
    client = await connect('v2 modern', command);
  });
  afterAll(() => client.close());

  test.each(Object.entries(OPERATIONS))(
    verifies('C3.race', '%s never leads outside'),
    async (_, operation) => {
      const counts = { escaped: 0, inside: 0, refused: 0 };
      const attempt = async (): Promise<boolean> => {
        const told = await operation(client);
        if (told.includes('OUTSIDE')) counts.escaped += 1;
        else if (told === 'refused') counts.refused += 1;
        else counts.inside += 1;
        return counts.inside > 0;
      };
      await race(async () => void (await attempt()));
      // On a machine that is busy, all of the first calls may meet a link.
      if (counts.inside === 0) await race(attempt, 20 * RACE_MS);
      expect(counts.escaped).toBe(0);
      // A server that refuses everything would pass the rest. That the names did change is told at the end.
      expect(counts.inside).toBeGreaterThan(0);
    },
  );
});

describe('the same race against what is commonly advised', () => {
  test(verifies('C3.race', 'a real path that is checked and then opened escapes'), async () => {
    let escaped = 0;
    await race(async () => {
      const told = await checkThenOpen('swap/file.txt').catch(() => 'refused');
      if (told.includes('OUTSIDE')) escaped += 1;
      return escaped > 0;
    }, 20 * RACE_MS);
    expect(escaped).toBeGreaterThan(0);
  });

  test(verifies('C3.race', 'a real path that is checked and then listed escapes'), async () => {
    let escaped = 0;
    await race(async () => {
      const told = await checkThenList('swap').catch(() => 'refused');
      if (told.includes('OUTSIDE')) escaped += 1;
      return escaped > 0;
    }, 20 * RACE_MS);
    expect(escaped).toBeGreaterThan(0);
  });

  /** The pattern of the advisories CVE-2025-53109 and CVE-2025-53110, with their fixes. */
  async function checked(path: string): Promise<string> {
    const real = await realpath(join(root, path));
    if (real !== root && !real.startsWith(root + sep)) throw new Error('outside');
    return real;
  }

  async function checkThenOpen(path: string): Promise<string> {
    return readFile(await checked(path), 'utf8');
  }

  async function checkThenList(path: string): Promise<string> {
    const real = await checked(path);
    return existsSync(real) ? readdirSync(real).join() : 'refused';
  }
});

/** Runs an attempt again and again, several at once, for a time or until one has seen enough. */
async function race(attempt: () => Promise<boolean | void>, ms = RACE_MS): Promise<void> {
  let end = performance.now() + ms;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < end) if ((await attempt()) === true) end = 0;
    }),
  );
}
