import {
  connect,
  gitFixtures,
  makeTemp,
  type TestClient,
  treeDigest,
  verifies,
} from '@secure-mcp/testkit';
import { openContainers } from '@secure-mcp/testkit/containers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { REFUSED } from '../refused.ts';
import { runCareless } from './careless.ts';
import { ONCE } from './once.ts';
import { shellFor } from './shell.ts';
import { buildTraps, type Traps } from './traps.ts';

/** Milliseconds that all of them together may take plain git, and each of them the server, on a busy machine. */
const TEST_MS = 120_000;

describe.runIf(inject('containers'))(
  'in the image, hostile repositories of other owners',
  { timeout: TEST_MS },
  () => {
    const temp = makeTemp();
    const containers = openContainers();
    let traps: Traps;
    let shell: ReturnType<typeof shellFor>;
    let client: TestClient;
    let before: string;
    /** Repositories of which no call was answered: a server that refused all would be safe as well. */
    const unread = new Set<string>();

    beforeAll(async () => {
      traps = buildTraps(temp);
      shell = shellFor(temp);
      before = treeDigest(traps.directory);
    });
    afterAll(async () => {
      await containers.close();
      temp.remove();
    });

    /** Some only wait, and some bite only who sits at a terminal. */
    function asked(): readonly gitFixtures.BuiltVector[] {
      return traps.vectors.filter(({ bites, terminal }) => bites !== 'hangs' && !terminal);
    }

    /** What plain git does in there: who goes off, and what it says. */
    async function careless({ withShell = false, trusting = true, only = asked() }) {
      const mounts = withShell ? [...traps.mounts, shell] : traps.mounts;
      const ends = await runCareless(
        { containers, mounts, trusting },
        only.map(({ place, naive }) => ({ directory: place.repository, args: naive[0] ?? [] })),
      );
      const said = ends.map((end) => end.said);
      const shown = only.filter(({ place }, index) => said[index]?.includes(place.marker));
      return { goneOff: traps.goneOff(), shown: shown.map(({ name }) => name), said };
    }

    test('do not open to plain git, which looks at their owner', async () => {
      const { goneOff, shown, said } = await careless({ withShell: true, trusting: false });
      // This one is a path on the command line, for which git looks at no repository.
      expect([goneOff, shown]).toEqual([[], ['second-path-outside']]);
      expect(said.filter((text) => text.includes('dubious ownership')).length).toBeGreaterThan(100);
    });

    test('bite plain git that is told to trust them, where there is a shell', async () => {
      const { goneOff, shown } = await careless({ withShell: true });
      expect(goneOff.length).toBeGreaterThanOrEqual(35);
      expect(shown.length).toBeGreaterThanOrEqual(10);
    });

    test('start no shell script where there is no shell, and show what is outside all the same', async () => {
      const { goneOff, shown } = await careless({});
      expect(goneOff).toEqual([]);
      expect(shown.length).toBeGreaterThanOrEqual(10);
    });

    test('start what they bring where there is no shell, as long as Node is there', async () => {
      traps.armForNode();
      const only = asked().filter(({ bites }) => bites === 'executes');
      const { goneOff } = await careless({ only });
      expect(goneOff.length).toBeGreaterThanOrEqual(25);
      expect(goneOff).toEqual(expect.arrayContaining(['fsmonitor', 'diff-external', 'textconv']));
    });

    describe('and the server, with a shell beside it', () => {
      beforeAll(async () => {
        const mounts = [...traps.mounts, shell];
        const options = ['--rate-limit', '1000000/1', '--concurrency', '64'];
        const server = containers.server('git', { mounts }, ...options, `traps=${traps.directory}`);
        client = await connect('v2 modern', server);
      });

      test.each(gitFixtures.VECTORS.map(({ name }, index) => [name, index] as const))(
        verifies(
          'C6.travelling',
          'C10.hostile-repositories',
          '%s: nothing runs, nothing from outside is shown',
        ),
        async (name, index) => {
          const place = traps.vectors[index]?.place;
          const answers = await Promise.all(
            ONCE.map(({ tool, args }) => client.call(tool, { repo: `traps/${name}`, ...args })),
          );
          const told = answers.map((answer) => JSON.stringify(answer)).join('\n');
          expect(traps.goneOff()).toEqual([]);
          expect(told).not.toContain(place?.marker);
          expect(told).not.toContain('limit.busy');
          if (answers.filter(({ isError }) => !isError).length < 3) unread.add(name);
        },
      );

      test('only what leads outside, or is made to be read wrongly, is refused', () => {
        expect([...unread].toSorted()).toEqual(REFUSED);
      });

      test('nor does its log show what is outside', () => {
        const logged = client.stderr();
        const told = traps.vectors.filter(({ place }) => logged.includes(place.marker));
        expect(told.map(({ name }) => name)).toEqual([]);
      });

      test('nothing was written, by anybody', () => {
        expect(treeDigest(traps.directory)).toBe(before);
      });
    });
  },
);
