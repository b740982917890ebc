import { treeDigest, verifies } from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { OPERATIONS, said } from '../race-operations.ts';
import { type Neighbour, startNeighbour } from './neighbour.ts';
import { ENVIRON, openShared, OUTSIDE, PASSWD, writeTree } from './shared.ts';

/** How long each operation is raced, in milliseconds. */
const RACE_MS = 250;
const AT_ONCE = 4;
/** How long a race may last that has met nothing but links yet, and one that has to be lost. */
const RACE_MS_MAX = 10_000;
const SWAPS_MIN = 1000;

const MARKERS = [ENVIRON, PASSWD, OUTSIDE];

/** Each leads to a text that stands in the container outside the root, and is read there without guards. */
const WAYS_OUT: readonly string[] = [
  '/etc/passwd',
  '../../etc/passwd',
  'swap/../../../etc/passwd',
  '/proc/self/environ',
  '/proc/1/root/etc/passwd',
  '/proc/self/root/etc/passwd',
  '/proc/self/cwd/../../etc/passwd',
  '../outside/file.txt',
  '/shared/outside/file.txt',
  'leaf-link',
  'swap-link/file.txt',
  'links/passwd',
  'links/environ',
  'links/system/etc/passwd',
  'links/process/root/etc/passwd',
  'links/outside/file.txt',
  'links/chain/file.txt',
  'links/chain/../file.txt',
];

describe.runIf(inject('containers'))('attacks in a container', () => {
  const shared = openShared();
  beforeAll(async () => {
    writeTree(shared);
    await shared.start();
  });
  afterAll(() => shared.close());

  describe('ways out of the root', () => {
    let before = '';
    let shown: readonly string[] = [];
    beforeAll(async () => {
      before = treeDigest(shared.mount.from);
      shown = JSON.parse(await shared.naively(READ_ALL, ...WAYS_OUT));
    });

    test.each(WAYS_OUT)(
      verifies('C3.links', 'C3.words', '%s shows nothing of the container'),
      async (path) => {
        expect(MARKERS.some((marker) => shown[WAYS_OUT.indexOf(path)]?.includes(marker))).toBe(
          true,
        );
        const told = await everythingToldOf(path);
        expect(MARKERS.filter((marker) => told.includes(marker))).toEqual([]);
      },
    );

    test(verifies('C6.read-only', 'and nothing beneath the mount has changed'), () => {
      expect(treeDigest(shared.mount.from)).toBe(before);
    });
  });

  /** What every tool says of a path, as text and as bytes. */
  async function everythingToldOf(path: string): Promise<string> {
    const client = shared.client();
    const exact = await client.call('read_file', { path, encoding: 'base64' });
    const [content] = await client
      .read(`workspace://root/${encodeURI(path.replace(/^\//, ''))}`)
      .catch(() => []);
    const told = await Promise.all([
      said(client, 'read_file', { path }),
      said(client, 'read_files', { paths: [path] }),
      said(client, 'list_directory', { path, details: true }),
      said(client, 'find_files', { path, glob: '*', type: 'any' }),
      said(client, 'search_text', { path, pattern: '.*' }),
    ]);
    const bytes = Buffer.from(String(exact.structured['data'] ?? ''), 'base64').toString();
    return [...told, bytes, JSON.stringify(content)].join('\n');
  }

  describe('a neighbour that exchanges names', () => {
    let neighbour: Neighbour | undefined;
    beforeAll(async () => {
      const pairs = ['swap:swap-link', 'leaf.txt:leaf-link', 'way:way-link'];
      neighbour = await startNeighbour(
        shared.containers,
        shared.mount,
        pairs.map((pair) => pair.replaceAll(/[^:]+/g, 'root/$&')),
      );
    });
    afterAll(async () => {
      const swaps = (await neighbour?.stop()) ?? 0;
      console.log(`the neighbour exchanged each pair ${String(swaps)} times`);
      // Names that nobody exchanged prove nothing.
      if (swaps < SWAPS_MIN) throw new Error('the names were hardly exchanged');
    });

    test.each(Object.entries(OPERATIONS))(
      verifies('C3.race', '%s never leads out of the root'),
      async (_, operation) => {
        const counts = { escaped: 0, inside: 0 };
        const begun = performance.now();
        const isOver = (): boolean => {
          const ms = performance.now() - begun;
          // On a machine that is busy, all of the first calls may meet a link.
          return ms > RACE_MS_MAX || (ms > RACE_MS && counts.inside > 0);
        };
        await atOnce(async () => {
          while (!isOver()) {
            const told = await operation(shared.client());
            if (MARKERS.some((marker) => told.includes(marker))) counts.escaped += 1;
            else if (told !== 'refused') counts.inside += 1;
          }
        });
        expect(counts.escaped).toBe(0);
        // A server that refuses everything would pass the rest.
        expect(counts.inside).toBeGreaterThan(0);
      },
    );

    test.each(['swap/file.txt', 'leaf.txt', 'way/through/file.txt'])(
      verifies('C3.race', 'a path that is checked and then opened, as is common, escapes: %s'),
      async (path) => {
        const told = await shared.naively(CHECK_THEN_OPEN, path, String(RACE_MS_MAX));
        expect(MARKERS.some((marker) => told.includes(marker))).toBe(true);
      },
    );
  });
});

async function atOnce(work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Reads paths beneath the root as they are. */
const READ_ALL = `
  import { readFileSync } from 'node:fs';
  console.log(JSON.stringify(process.argv.slice(1).map((path) => readFileSync(path, 'utf8'))));
`;

/** The pattern of the advisories CVE-2025-53109 and CVE-2025-53110, with their fixes; ends with what it should not have seen. */
const CHECK_THEN_OPEN = `
  import { readFile, realpath } from 'node:fs/promises';
  import { resolve } from 'node:path';
  const [path, ms] = process.argv.slice(1);
  const root = process.cwd();
  const end = performance.now() + Number(ms);
  while (performance.now() < end) {
    const real = await realpath(resolve(path)).catch(() => '');
    if (!real.startsWith(root + '/')) continue;
    const text = await readFile(real, 'utf8').catch(() => 'inside');
    if (text === 'inside') continue;
    console.log(text);
    break;
  }
`;
