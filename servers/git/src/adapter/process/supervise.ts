import type { ChildProcess } from 'node:child_process';

import { beginningOf, SECRET_CHARACTERS_MAX } from '@secure-mcp/validation';

import type { Sink } from '../handle.ts';
import type { Exit } from './failure.ts';
import { makeExpendable, PROCESS_BYTES_MAX, watchMemory } from './memory.ts';

/** Characters of stderr that are kept, for the audit trail. Where they end, a secret can begin. */
const STDERR_CHARACTERS_MAX = 4096;
const STDERR_BYTES_MAX = STDERR_CHARACTERS_MAX + SECRET_CHARACTERS_MAX;
/** How long a killed process may take to be gone, in milliseconds; only a system call can hold it. */
const GONE_AFTER_MS = 1000;

export interface Watched {
  readonly signal: AbortSignal;
  readonly bytesMax: number;
  readonly sink: Sink;
}

export interface Outcome extends Exit {
  /** It was stopped because of its output. */
  readonly cut: boolean;
  /** It was stopped because the signal aborted. */
  readonly aborted: boolean;
  /** It was stopped because of its memory. */
  readonly grown: boolean;
  /** What its consumer threw. */
  readonly error: Error | undefined;
  /** Why it could not be started. */
  readonly failure: unknown;
}

/**
 * Takes a process's output until it ends, and ends it when it prints too much, when its consumer has
 * enough, when it takes too much memory, or when the signal aborts.
 *
 * It is killed, not asked: a git that hangs in a system call or in an inflating object must not outlive
 * its call. Resolves when the process is gone, or cannot be (a dead mount): then it keeps its place at
 * the gate. Nothing that it printed is kept here but the beginning of stderr.
 */
export function supervise(child: ChildProcess, watched: Watched): Promise<Outcome> {
  const { signal, sink } = watched;
  let left = watched.bytesMax;
  let cut = false;
  let grown = false;
  let error: Error | undefined;
  let failure: unknown;
  const heard: Buffer[] = [];

  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let late: NodeJS.Timeout | undefined;
  const kill = (): void => {
    child.kill('SIGKILL');
    // What still stands in the pipes is of no use to anybody.
    child.stdout?.destroy();
    child.stderr?.destroy();
    late ??= setTimeout(settle, GONE_AFTER_MS, child.exitCode, child.signalCode);
  };

  makeExpendable(child);
  const unwatch = watchMemory(child, PROCESS_BYTES_MAX, () => {
    grown = true;
    kill();
  });

  function settle(code: number | null, signalName: NodeJS.Signals | null): void {
    clearTimeout(late);
    unwatch();
    signal.removeEventListener('abort', kill);
    const stderr = beginningOf(Buffer.concat(heard).toString(), STDERR_CHARACTERS_MAX);
    const { aborted } = signal;
    resolve({ code, signal: signalName, stderr, cut, aborted, grown, error, failure });
  }

  child.stdout?.on('data', (piece: Buffer) => {
    if (cut || error !== undefined || signal.aborted) return;
    const fits = piece.length <= left ? piece : piece.subarray(0, left);
    left -= fits.length;
    try {
      cut = sink(fits) === false || fits !== piece;
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error('A consumer failed.', { cause: thrown });
    }
    if (cut || error !== undefined) kill();
  });
  let room = STDERR_BYTES_MAX;
  child.stderr?.on('data', (piece: Buffer) => {
    if (room > 0) heard.push(piece.subarray(0, room));
    room -= piece.length;
  });
  child.once('error', (thrown) => {
    failure = thrown;
    settle(null, null);
  });
  child.once('close', settle);
  if (signal.aborted) kill();
  else signal.addEventListener('abort', kill, { once: true });
  return promise;
}
