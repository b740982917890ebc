import { spawnSync } from 'node:child_process';
import { devNull } from 'node:os';

/** Everything happens at one second, so that the same fixture has the same object ids on all machines. */
export const SECONDS = 1_700_000_000;

/** Nothing of the machine's own git: no configuration, no home, no prompt, one identity. */
export function scrubbedEnvironment(minute = 0): NodeJS.ProcessEnv {
  const date = `${String(SECONDS + minute * 60)} +0000`;
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    TERM: 'xterm',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: devNull,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada Author',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'Carl Committer',
    GIT_COMMITTER_EMAIL: 'carl@example.org',
    GIT_COMMITTER_DATE: date,
  };
}

export interface GitOptions {
  readonly input?: string | Uint8Array;
  /** Minutes after the first commit of all fixtures: the date of what is committed. */
  readonly minute?: number;
  /** A merge that stops in a conflict fails, and is what the fixture is for. */
  readonly mayFail?: boolean;
}

/** Newer gits tidy up in the background after a commit: a fixture would change while it is tested. */
const SETTINGS = ['-c', 'init.defaultBranch=main', '-c', 'maintenance.auto=false'];

/** Runs git while a fixture is built; throws with git's own words when it fails. */
export function git(
  directory: string,
  args: readonly string[],
  { input = '', minute = 0, mayFail = false }: GitOptions = {},
): string {
  const run = spawnSync('git', [...SETTINGS, ...args], {
    cwd: directory,
    // Fixtures are cloned from files; nothing else may be asked, and so not the network.
    env: { ...scrubbedEnvironment(minute), GIT_ALLOW_PROTOCOL: 'file' },
    input,
    maxBuffer: 64 << 20,
  });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0 && !mayFail)
    throw new Error(`git ${args.join(' ')}: ${run.stderr.toString()}`);
  return run.stdout.toString();
}

/** What plain git did: with the repository's configuration in force, as a careless server runs it. */
export interface PlainRun {
  readonly output: Buffer;
  readonly errors: Buffer;
  readonly status: number | null;
  /** It had to be killed at the end of its time. */
  readonly late: boolean;
  /** It had to be killed because it wrote too much. */
  readonly overflowed: boolean;
}

export interface PlainOptions {
  readonly timeoutMs?: number;
  readonly outputBytesMax?: number;
  /** Gives it a terminal (by util-linux's `script`): pagers are started for nobody else. */
  readonly terminal?: boolean;
}

/** Runs git as it comes. The environment is scrubbed, so that only the repository can be to blame. */
export function plainGit(
  directory: string,
  args: readonly string[],
  { timeoutMs = 5000, outputBytesMax = 64 << 20, terminal = false }: PlainOptions = {},
): PlainRun {
  const line = ['git', ...args].map(shellQuoted).join(' ');
  const [program, words] = terminal
    ? ['script', ['-qec', line, devNull]]
    : ['git', args.map(String)];
  const run = spawnSync(program, words, {
    cwd: directory,
    env: scrubbedEnvironment(),
    input: '',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: outputBytesMax,
  });
  const failure = run.error !== undefined && 'code' in run.error ? run.error.code : undefined;
  return {
    output: run.stdout,
    errors: run.stderr,
    status: run.status,
    late: failure === 'ETIMEDOUT',
    overflowed: failure === 'ENOBUFS',
  };
}

/** A word for a shell, whatever stands in it. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The version of the git that is found first: `2.39.5`. */
export function gitVersion(): string {
  const { stdout } = spawnSync('git', ['version'], { env: scrubbedEnvironment() });
  return /\d+\.\d+(?:\.\d+)?/.exec(stdout.toString())?.[0] ?? '0.0';
}

/** Whether `version` is `bound` or newer; both like `2.39.5`. */
export function isAtLeast(version: string, bound: string): boolean {
  return version.localeCompare(bound, 'en', { numeric: true }) >= 0;
}
