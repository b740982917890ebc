import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { makeTemp } from './temp.ts';

/** The revisions that the suite has a frozen list of required scenarios for: one of each era. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

/** `WARNING`: a SHOULD of the specification is not followed. `SKIPPED` and `INFO` say nothing. */
const STATUSES = ['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO'] as const;
type Status = (typeof STATUSES)[number];

/** One thing that a scenario looked at. */
export interface Check {
  readonly id: string;
  readonly status: Status;
  /** What the suite says of it, for whoever reads a failed test. */
  readonly message: string;
}

/** What the suite found, by scenario. */
export type Findings = ReadonlyMap<string, readonly Check[]>;

/** The whole suite takes seconds. Each of its scenarios may wait for half a minute. */
const RUN_MS = 120_000;
const OUTPUT_BYTES_MAX = 16_777_216;

/**
 * Runs the MCP conformance suite against a server, with all that a revision requires and what it
 * reports beside that. Rejects when the suite does not come to its end; what it found is for the
 * caller to judge.
 */
export async function runConformance(url: URL, revision: Revision): Promise<Findings> {
  const temp = makeTemp('conformance');
  try {
    const args = ['server', '--url', url.href, '--requirements', revision, '-o', temp.path];
    const said = await run([fileOfSuite('dist/index.js'), ...args]);
    const findings = readFindings(temp.path);
    if (findings.size === 0) throw new Error(`the suite found nothing: ${said}`);
    return findings;
  } finally {
    temp.remove();
  }
}

/** The scenarios for servers that a revision requires, as they were frozen with it. */
export function requiredScenarios(revision: Revision): readonly string[] {
  const text = readFileSync(fileOfSuite(`requirements/${revision}.yaml`), 'utf8');
  const [, list = ''] = /^server:\n((?: {2}- .+\n| *#.*\n)+)/m.exec(text) ?? [];
  return [...list.matchAll(/^ {2}- (\S+)/gm)].map(([, name = '']) => name);
}

/** Checks that a server does not pass, or only barely. */
export function shortcomings(findings: Findings, scenario: string): readonly Check[] {
  const checks = findings.get(scenario) ?? [];
  return checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
}

/** One line a scenario, with how much of it was looked at: a scenario can pass without any check. */
export function summaryOf(findings: Findings, scenarios: readonly string[]): string {
  const lines = scenarios.map((scenario) => {
    const checks = findings.get(scenario) ?? [];
    const passed = checks.filter(({ status }) => status === 'SUCCESS').length;
    const failed = shortcomings(findings, scenario).length;
    return `${scenario}: ${String(passed)} checks passed, ${String(failed)} did not`;
  });
  return lines.join('\n');
}

function fileOfSuite(name: string): string {
  const { resolve } = createRequire(import.meta.url);
  return join(dirname(resolve('@modelcontextprotocol/conformance/package.json')), name);
}

/** Each scenario has a directory of its own, named after it and its time. */
function readFindings(directory: string): Findings {
  const findings = new Map<string, readonly Check[]>();
  for (const file of globSync('server-*/checks.json', { cwd: directory })) {
    const [, scenario] =
      /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(basename(dirname(file))) ?? [];
    if (scenario === undefined) throw new Error(`no name of a scenario: ${file}`);
    findings.set(scenario, readChecks(readFileSync(join(directory, file), 'utf8')));
  }
  return findings;
}

function readChecks(text: string): readonly Check[] {
  const checks: unknown = JSON.parse(text);
  if (!Array.isArray(checks)) throw new Error('no checks');
  return checks.map((check: unknown) => {
    const { id, status, errorMessage = '' } = Object(check);
    return { id: String(id), status: statusOf(status), message: String(errorMessage) };
  });
}

/** What is not known here must not pass for a success. */
function statusOf(status: unknown): Status {
  const known = STATUSES.find((one) => one === status);
  if (known === undefined) throw new Error(`no status that is known: ${String(status)}`);
  return known;
}

/** Runs a program of Node to its end, whatever it ends with, and gives what it said. */
function run(args: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = {
    timeout: RUN_MS,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_BYTES_MAX,
  } as const;
  execFile(process.execPath, args, options, (error, stdout, stderr) => {
    const said = `${stdout}\n${stderr}`;
    // It ends with 1 where a scenario fails, and some of them are for servers that we are not.
    if (error === null || typeof error.code === 'number') resolve(said);
    else reject(new Error(`the suite did not end by itself: ${said}`));
  });
  return promise;
}
