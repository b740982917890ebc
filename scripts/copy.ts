import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
/** A control that is missing may also show as a test that does not end. */
const TESTS_MS = 180_000;

/** Copies the sources to a directory of their own, to be changed there, with the packages that are installed here. */
export function copyOfSources(): string {
  const target = mkdtempSync(join(tmpdir(), 'secure-mcp-copy-'));
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listing, { cwd: REPOSITORY, encoding: 'utf8' });
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

/** Bundles the servers of a copy. Node strips types, so nothing else has to be built again. */
export function bundleServers(copy: string): void {
  for (const server of readdirSync(join(copy, 'servers'))) {
    execFileSync(process.execPath, [join(copy, 'scripts/bundle.ts')], {
      cwd: join(copy, 'servers', server),
    });
  }
}

export interface TestRun {
  /** `nothing` when the arguments select no test, which proves nothing either way. */
  readonly verdict: 'passed' | 'failed' | 'nothing';
  readonly output: string;
}

/** Runs tests of a copy. */
export function runTestsIn(copy: string, args: readonly string[]): TestRun {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const { TEST_RESULTS: _, ...env } = process.env;
  const { status, signal, stdout } = spawnSync(process.execPath, [vitest, 'run', ...args], {
    cwd: copy,
    timeout: TESTS_MS,
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
  });
  const ran = signal !== null || /Tests .*\d+ (?:passed|failed)/.test(stdout);
  const verdict = status === 0 ? 'passed' : 'failed';
  return { verdict: ran ? verdict : 'nothing', output: stdout };
}
