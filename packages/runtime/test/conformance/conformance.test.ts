import {
  REVISIONS,
  requiredScenarios,
  runConformance,
  shortcomings,
  summaryOf,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type FixtureFront, startFixtureFront } from './fixture-front.ts';

/** How many scenarios a revision was frozen with. */
const REQUIRED = { '2025-11-25': 30, '2026-07-28': 37 } as const;
/** What the suite does not count, because it is younger or stricter, and our front decides. */
const BESIDE = {
  '2025-11-25': ['server-session-lifecycle'],
  '2026-07-28': ['http-header-validation', 'http-custom-header-server-validation'],
} as const;
/** Some checks leave a server a second for its answer, and a machine that does much else may need two. */
const UNHURRIED = { retry: 2, timeout: 150_000 } as const;

let fixtures: FixtureFront;
beforeAll(async () => {
  fixtures = await startFixtureFront();
});
afterAll(() => fixtures.close());

describe.each(REVISIONS)('%s', (revision) => {
  test(
    verifies('C10.conformance', 'behind our front, all that the revision requires passes'),
    UNHURRIED,
    async () => {
      const required = requiredScenarios(revision);
      expect(required).toHaveLength(REQUIRED[revision]);
      const findings = await runConformance(fixtures.url, revision);
      const judged = [...required, ...BESIDE[revision]];
      process.stdout.write(`fixtures at ${revision}\n${summaryOf(findings, judged)}\n`);
      expect(judged.filter((scenario) => !findings.has(scenario))).toEqual([]);
      expect(
        judged.flatMap((scenario) =>
          shortcomings(findings, scenario).map((check) => ({ scenario, ...check })),
        ),
      ).toEqual([]);
    },
  );
});
