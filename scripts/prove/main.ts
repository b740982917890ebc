/**
 * `npm run prove`: takes each control out of a copy of the sources, one after the other, and runs the
 * tests that cite it. They have to fail; a control whose loss nobody notices is not tested.
 * `npm run prove -- C3` takes only those whose promise begins so.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bundleServers, copyOfSources, runTestsIn, type TestRun } from '../copy.ts';
import { type Mutation, MUTATIONS } from './mutations.ts';

const VERDICTS = { failed: 'noticed', passed: 'UNNOTICED', nothing: 'NOTHING RAN' } as const;

const [chosen = ''] = process.argv.slice(2);
const mutations = MUTATIONS.filter(({ promise }) => promise.startsWith(chosen));
if (mutations.length === 0) throw new Error(`no promise begins with ${chosen}`);
const copy = copyOfSources();
process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
assertWhole();
let unnoticed = 0;
for (const mutation of mutations) {
  const verdict = judge(mutation);
  if (verdict !== 'noticed') unnoticed += 1;
  console.log(`${verdict.padEnd(12)} ${mutation.promise.padEnd(18)} ${mutation.file}`);
}
console.log(unnoticed === 0 ? 'Every loss was noticed.' : `${String(unnoticed)} were not.`);
process.exitCode = unnoticed === 0 ? 0 : 1;

type Verdict = 'noticed' | 'UNNOTICED' | 'NOT FOUND' | 'NOTHING RAN';

function judge({ promise, file, control, without, tests }: Mutation): Verdict {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(control).length !== 2) return 'NOT FOUND';
  writeFileSync(
    path,
    source.replace(control, () => without),
  );
  try {
    bundleServers(copy);
    return VERDICTS[runTests([promise], tests).verdict];
  } finally {
    writeFileSync(path, source);
  }
}

/** With every control in its place the same tests have to pass, or their failing would prove nothing. */
function assertWhole(): void {
  bundleServers(copy);
  const promises = mutations.map(({ promise }) => promise);
  // One after the other: each has its own time to end.
  for (const test of new Set(mutations.flatMap(({ tests }) => tests))) {
    const { verdict, output } = runTests(promises, [test]);
    if (verdict !== 'passed')
      throw new Error(`the tests fail on the sources as they are\n${output}`);
  }
  console.log(`${String(mutations.length)} controls, all tests pass with all of them in place\n`);
}

function runTests(promises: readonly string[], tests: readonly string[]): TestRun {
  const pattern = promises.map((promise) => promise.replaceAll('.', '\\.')).join('|');
  return runTestsIn(copy, [...tests, '--testNamePattern', `\\b(?:${pattern})\\b`, '--bail', '1']);
}
