import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

/** Packages are tested from their sources: the same condition that Node is started with. */
const SOURCE = '@secure-mcp/source';

/** Beside what is installed, so that it goes with it. */
const COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

/** Where the totals go, for whoever wants them. */
const RESULTS = process.env['TEST_RESULTS'];

/** These suites share one PostgreSQL, which is started when one of them is run. */
const WITH_POSTGRES = 'servers/postgres/test/**/*.test.ts';

/** These run the servers in their own images, which are built when one of them is run. */
const IN_CONTAINERS = '{servers/*/test/container,docker/test}/**/*.test.ts';

export default defineConfig({
  resolve: { conditions: [SOURCE] },
  ssr: { resolve: { conditions: [SOURCE] } },
  // Where a global setup is run: in Vitest's own process, which was started without the condition.
  environments: { __vitest__: { resolve: { conditions: [SOURCE] } } },
  test: {
    // Workers and child processes start from the sources as well.
    execArgv: [`--conditions=${SOURCE}`],
    // Hundreds of tests start a server: half the processor's time for that is compiling the same code.
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    // More suites side by side than there are cores: most of them wait for processes and clocks.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // CI counts what ran.
    reporters: RESULTS === undefined ? ['default'] : ['default', ['json', { outputFile: RESULTS }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'common',
          include: ['{packages,servers}/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [WITH_POSTGRES, IN_CONTAINERS],
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: [WITH_POSTGRES],
          exclude: [IN_CONTAINERS],
          globalSetup: ['servers/postgres/test/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: [IN_CONTAINERS],
          globalSetup: ['docker/test/global-setup.ts'],
        },
      },
    ],
  },
});
