import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import type { ServerCommand } from '../clients.ts';

/** One start of a program, as the kernel saw it. */
export interface Execution {
  /** The process (or thread) that asked for it. */
  readonly pid: number;
  readonly path: string;
  readonly argv: readonly string[];
  /** False where the kernel refused: a search along PATH tries names that are not there. */
  readonly ok: boolean;
}

/** Words longer than this are cut in the trace. */
const WORD_BYTES_MAX = 4096;

function words(file: string): readonly string[] {
  const calls = ['-e', 'trace=execve,execveat,clone,clone3,?fork,?vfork', '-e', 'signal=none'];
  // By a filter in the kernel: every other system call would be stopped for as well, at ten times the time.
  return ['-f', '--seccomp-bpf', '-qq', ...calls, '-s', String(WORD_BYTES_MAX), '-o', file, '--'];
}

/** The same server, with every program that it or its children start written to `file`. */
export function traced(server: ServerCommand, file: string): ServerCommand {
  const { command, args } = server;
  return { ...server, command: strace(), args: [...words(file), command, ...args] };
}

/** Runs a program to its end, and says what it and its children started; itself comes first. */
export function traceExecutions(
  command: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): readonly Execution[] {
  const directory = mkdtempSync(join(tmpdir(), 'secure-mcp-trace-'));
  const file = join(directory, 'executions');
  try {
    const run = spawnSync(strace(), [...words(file), command, ...args], { env, stdio: 'ignore' });
    if (run.error !== undefined) throw run.error;
    return executionsOf(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Where strace is: the program that is traced may have another PATH, or none. */
function strace(): string {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const programs = directories.map((directory) => join(directory, 'strace'));
  return programs.find((program) => existsSync(program)) ?? 'strace';
}

/**
 * Why programs cannot be traced here: no Linux, no strace, or no right to look into a process. With
 * `CI=true`, Linux without strace is an error: CI has to show what starts.
 */
export function straceProblem(): string | undefined {
  if (process.platform !== 'linux') return 'strace is for Linux';
  const run = spawnSync('strace', ['-f', '-qq', '-e', 'trace=execve', '-o', '/dev/null', 'true']);
  if (run.status === 0) return undefined;
  const problem =
    run.error === undefined
      ? `strace cannot trace here: ${run.stderr.toString().trim()}`
      : 'strace is not installed';
  if (process.env['CI'] === 'true') throw new Error(`CI=true, and ${problem}`);
  return problem;
}

const STARTED = /^(\d+) +execve(?:at)?\((?:\w+, )?"((?:[^"\\]|\\.)*)", (\[.*\]|NULL|0x\w+)/;
const FORKED = /^(\d+) +(?:clone3?|v?fork)\(.*\) += (\d+)/;
const RESUMED = /^(\d+) +<\.\.\. \w+ resumed>/;
const SUPERSEDED = /^(\d+) +\+\+\+ superseded by execve in pid (\d+)/;
const RESULT = /\) += (-?\d+)/;
const UNFINISHED = '<unfinished ...>';

/**
 * What strace wrote, a call per line. One that another process's call interrupted stands there in two
 * parts; one that its process did not survive has only the first.
 */
function callsOf(file: string): readonly string[] {
  const unfinished = new Map<string, string>();
  const calls = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [pid = ''] = /^\d+/.exec(line) ?? [];
      if (line.endsWith(UNFINISHED)) {
        unfinished.set(pid, line.slice(0, -UNFINISHED.length));
        return [];
      }
      const [, leader = '', thread = ''] = SUPERSEDED.exec(line) ?? [];
      const becoming = unfinished.get(thread);
      // A thread that becomes a program takes the number of its process.
      if (becoming !== undefined) unfinished.set(leader, becoming.replace(thread, leader));
      unfinished.delete(thread);
      if (!RESUMED.test(line)) return [line];
      const start = unfinished.get(pid);
      if (start === undefined) throw new Error(`not understood: ${line}`);
      unfinished.delete(pid);
      return [`${start}${line.slice(line.indexOf('>') + 1)}`];
    });
  return [...calls, ...unfinished.values()];
}

/**
 * The programs that were started, or were not found, in the order in which the kernel answered. Throws
 * where it does not understand: no start may be overlooked.
 */
export function executionsOf(file: string): readonly Execution[] {
  return callsOf(file)
    .filter((call) => /^\d+ +execve/.test(call))
    .map(execution);
}

/** A process that came to be, and the process (or thread) that asked for it. */
export interface Fork {
  readonly parent: number;
  readonly child: number;
}

/** The processes that were started. A thread is none. Numbers come again, of processes that have ended. */
export function forksOf(file: string): readonly Fork[] {
  return callsOf(file).flatMap((call) => {
    const [, parent, child] = FORKED.exec(call) ?? [];
    return parent === undefined || call.includes('CLONE_THREAD')
      ? []
      : [{ parent: Number(parent), child: Number(child) }];
  });
}

function execution(call: string): Execution {
  const [, pid, path = '', argv = ''] = STARTED.exec(call) ?? [];
  if (pid === undefined) throw new Error(`not understood: ${call}`);
  return {
    pid: Number(pid),
    path: unescaped(path),
    argv: [...argv.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => unescaped(word)),
    ok: Number(RESULT.exec(call.slice(call.indexOf(argv) + argv.length))?.[1] ?? -1) === 0,
  };
}

const LETTERS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** strace writes bytes as C does: `\n`, `\"`, `\33`. */
function unescaped(text: string): string {
  const bytes = text.replaceAll(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCodePoint(Number.parseInt(code, 8)) : (LETTERS[code] ?? code),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
