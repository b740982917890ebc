import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ServerCommand } from './clients.ts';
import {
  type Findings,
  REVISIONS,
  type Revision,
  runConformance,
  shortcomings,
  summaryOf,
} from './conformance.ts';
import { type HttpProcess, startHttpProcess } from './http-process.ts';
import { verifies } from './verifies.ts';

/** What the conformance suite has to know of a server. */
export interface ConformanceContract {
  /** Starts the bundle on a little data of its own, with further options. */
  readonly server: (...options: readonly string[]) => ServerCommand;
  /** Whether it has prompts. One that has none does not declare them. */
  readonly prompts: boolean;
}

/**
 * The scenarios that need nothing of a server but what it is. All others call, get or read something
 * of the suite's own: a server of fixtures passes them behind the same front.
 */
const SCENARIOS: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': [
    'server-initialize',
    'ping',
    'tools-list',
    'resources-list',
    'prompts-list',
    'server-sse-multiple-streams',
    'server-session-lifecycle',
    'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'server-stateless',
    'tools-list',
    'resources-list',
    'prompts-list',
    'caching',
    'server-sse-multiple-streams',
    'http-header-validation',
    'sep-2164-resource-not-found',
    'dns-rebinding-protection',
    'input-required-result-missing-input-response',
    'input-required-result-unsupported-methods',
    'input-required-result-ignore-extra-params',
    'input-required-result-validate-input',
  ],
};

/**
 * Checks that our servers do not pass, each with its reason: of the suite, which looks for a tool of
 * its own, or ours. One that passes after all has to go from here.
 */
const DIFFERENCES: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': [
    // A session is a MAY of that revision. Without one there is nothing to steal, nor to keep.
    'server-sse-multiple-streams-session',
  ],
  '2026-07-28': [
    // These call a tool of the suite's that asks for something. Ours is refused as unknown.
    'sep-2575-server-rejects-undeclared-capability',
    'sep-2575-missing-capability-http-400',
    'sep-2322-missing-response-rerequests',
    'sep-2322-validate-input-responses',
    'sep-2322-error-on-protocol-error',
    // A SHOULD: a refusal repeats nothing of the request, because a model reads it.
    'sep-2164-data-uri',
  ],
};

/** The same for a server without prompts: it declares none, so their methods are none of its. */
const WITHOUT_PROMPTS: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': ['prompts-list'],
  '2026-07-28': ['prompts-list', 'sep-2549-prompts-list-caching-hints'],
};

/** The suite asks faster than any model. */
const UNLIMITED = ['--rate-limit=1000000/1', '--address-rate-limit=1000000/1'] as const;

/** Some checks leave a server a second for its answer, and a machine that does much else may need two. */
const UNHURRIED = { retry: 2, timeout: 150_000 } as const;

/** Tests a server, as its bundle in a process, with all of the conformance suite that every server has to pass. */
export function testServerConformance({ server, prompts }: ConformanceContract): void {
  describe('the conformance suite', () => {
    let served: HttpProcess | undefined;
    beforeAll(async () => {
      served = await startHttpProcess(server('--http=0', '--unsafe-no-auth', ...UNLIMITED));
    });
    afterAll(() => served?.close());

    test.each(REVISIONS)(
      verifies('C10.conformance', 'what is demanded of every server passes at revision %s'),
      UNHURRIED,
      async (revision) => {
        if (served === undefined) throw new Error('not started');
        const scenarios = SCENARIOS[revision];
        const findings = await runConformance(served.url, revision);
        process.stdout.write(
          `${served.url.href} at ${revision}\n${summaryOf(findings, scenarios)}\n`,
        );
        expect(scenarios.filter((scenario) => !findings.has(scenario))).toEqual([]);
        const differences = [
          ...DIFFERENCES[revision],
          ...(prompts ? [] : WITHOUT_PROMPTS[revision]),
        ];
        expect(namesOf(findings, scenarios)).toEqual(differences.toSorted());
        expect(malformed(findings)).toEqual([]);
      },
    );
  });
}

/** Names what does not pass. */
function namesOf(findings: Findings, scenarios: readonly string[]): readonly string[] {
  const failed = scenarios.flatMap((scenario) => shortcomings(findings, scenario));
  return failed.map(({ id }) => id).toSorted();
}

/** Scenarios of any kind in which something that the server sent was not what the schema of MCP says. */
function malformed(findings: Findings): readonly string[] {
  return [...findings.keys()].filter((scenario) =>
    shortcomings(findings, scenario).some(({ id }) => id === 'wire-schema-valid'),
  );
}
