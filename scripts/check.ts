/**
 * `npm run check`: everything that a change has to pass, one step after the other. All steps run, so
 * that one look shows all that is to be mended.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly folder?: string;
}

const STEPS: readonly Step[] = [
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'build', command: ['turbo', 'run', 'build', '--output-logs=errors-only'] },
  { name: 'lint', command: ['oxlint'] },
  { name: 'boundaries', command: ['turbo', 'boundaries'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'types', command: ['tsc', '--project', 'tsconfig.json'] },
  { name: 'docs', command: ['npm', 'run', '--silent', 'docs', '--', '--check'] },
  ...packageSteps(),
  // CI has run them just before, and counts them.
  ...(process.argv.includes('--without-tests')
    ? []
    : [{ name: 'tests', command: ['vitest', 'run'] } satisfies Step]),
];

const failed = STEPS.filter((step) => !passes(step));
console.log(
  failed.length === 0
    ? `\nall ${String(STEPS.length)} checks pass`
    : `\nfailed: ${failed.map(({ name }) => name).join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function passes({ name, command: [program, ...args], folder = '.' }: Step): boolean {
  console.log(`\n── ${name}`);
  const started = performance.now();
  const { status } = spawnSync(program, args, { cwd: join(REPOSITORY, folder), stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  return status === 0;
}

/** What is published has to be found and typed by whoever installs it. */
function packageSteps(): readonly Step[] {
  return globSync('{packages,servers}/*/package.json', { cwd: REPOSITORY })
    .toSorted()
    .flatMap((file): Step[] => {
      const { name, private: isPrivate, exports } = manifest(file);
      const folder = dirname(file);
      if (isPrivate === true) return [];
      const lint: Step = { name: `package ${name}`, command: ['publint', '--strict'], folder };
      const types: Step = {
        name: `types of ${name}`,
        command: ['attw', '--pack', '.', '--profile', 'esm-only', '--format', 'ascii'],
        folder,
      };
      // A command has no types.
      return exports === undefined ? [lint] : [lint, types];
    });
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: object;
}

function manifest(file: string): Manifest {
  return JSON.parse(readFileSync(join(REPOSITORY, file), 'utf8'));
}
