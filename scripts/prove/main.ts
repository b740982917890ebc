/**
 * `npm run prove`: takes each control out of a copy of the sources, one after the other, and runs the
 * tests that cite it. They have to fail; a control whose loss nobody notices is not tested.
 * `npm run prove -- C3` takes only those whose promise begins so.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Mutation, MUTATIONS } from './mutations.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** A control that is missing may also show as a test that does not end. */
const TESTS_MS = 180_000;

const [chosen = ''] = process.argv.slice(2);
const copy = copyOfSources();
const mutations = MUTATIONS.filter(({ promise }) => promise.startsWith(chosen));
assertWhole();
let unnoticed = 0;
for (const mutation of mutations) {
  const verdict = judge(mutation);
  if (verdict !== 'noticed') unnoticed += 1;
  console.log(`${verdict.padEnd(10)} ${mutation.promise.padEnd(18)} ${mutation.file}`);
}
rmSync(copy, { recursive: true });
console.log(unnoticed === 0 ? 'Every loss was noticed.' : `${String(unnoticed)} were not.`);
process.exitCode = unnoticed === 0 ? 0 : 1;

type Verdict = 'noticed' | 'UNNOTICED' | 'NOT FOUND';

function judge({ promise, file, control, without, tests }: Mutation): Verdict {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(control).length !== 2) return 'NOT FOUND';
  writeFileSync(
    path,
    source.replace(control, () => without),
  );
  try {
    bundleServers();
    return runTests([promise], tests).passed ? 'UNNOTICED' : 'noticed';
  } finally {
    writeFileSync(path, source);
  }
}

/** With every control in its place the same tests have to pass, or their failing would prove nothing. */
function assertWhole(): void {
  bundleServers();
  const promises = mutations.map(({ promise }) => promise);
  const tests = new Set(mutations.flatMap((mutation) => mutation.tests));
  const { passed, output } = runTests(promises, [...tests]);
  if (!passed) throw new Error(`the tests fail on the sources as they are\n${output}`);
  console.log(`${String(mutations.length)} controls, all tests pass with all of them in place\n`);
}

function runTests(
  promises: readonly string[],
  tests: readonly string[],
): { passed: boolean; output: string } {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const pattern = promises.map((promise) => promise.replaceAll('.', '\\.')).join('|');
  const { status, stdout } = spawnSync(
    process.execPath,
    [vitest, 'run', ...tests, '--testNamePattern', `\\b(?:${pattern})\\b`, '--bail', '1'],
    { cwd: copy, timeout: TESTS_MS, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  // A pattern that selects no test would prove nothing.
  const ran = /Tests .*\d+ (?:passed|failed)/.test(stdout);
  return { passed: status === 0 || !ran, output: stdout };
}

/** Node strips types, so a bundle is all that has to be built again. */
function bundleServers(): void {
  for (const server of readdirSync(join(copy, 'servers'))) {
    execFileSync(process.execPath, [join(copy, 'scripts/bundle.ts')], {
      cwd: join(copy, 'servers', server),
    });
  }
}

/** The sources in a directory of their own, with the packages that are installed here. */
function copyOfSources(): string {
  const target = mkdtempSync(join(tmpdir(), 'secure-mcp-prove-'));
  const files = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: REPOSITORY,
      encoding: 'utf8',
    },
  );
  for (const file of files.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(REPOSITORY, file), join(target, file));
  }
  const modules = join(target, 'node_modules');
  mkdirSync(join(modules, '@secure-mcp'), { recursive: true });
  for (const name of readdirSync(join(REPOSITORY, 'node_modules'))) {
    if (name !== '@secure-mcp')
      symlinkSync(join(REPOSITORY, 'node_modules', name), join(modules, name));
  }
  for (const folder of ['packages', 'servers']) {
    for (const name of readdirSync(join(target, folder)))
      symlinkSync(join(target, folder, name), join(modules, '@secure-mcp', name));
  }
  return target;
}
