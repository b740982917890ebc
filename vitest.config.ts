import { defineConfig } from 'vitest/config';

/** Packages are tested from their sources: the same condition that Node is started with. */
const SOURCE = '@secure-mcp/source';

/** Where the totals go, for whoever wants them. */
const RESULTS = process.env['TEST_RESULTS'];

export default defineConfig({
  resolve: { conditions: [SOURCE] },
  ssr: { resolve: { conditions: [SOURCE] } },
  test: {
    include: ['{packages,servers}/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    // Workers and child processes start from the sources as well.
    execArgv: [`--conditions=${SOURCE}`],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // CI counts what ran.
    reporters: RESULTS === undefined ? ['default'] : ['default', ['json', { outputFile: RESULTS }]],
  },
});
