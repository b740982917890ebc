import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

import { ENVIRONMENT, LIMITS } from '../../policy.ts';

/** Bytes that this process takes, and what it keeps where the directory for temporary files is memory. */
const OWN_BYTES = 134_217_728;
/** Less than this is of no use to git. */
const SHARE_BYTES_MIN = 33_554_432;

/** As many as may run at a time, and room for what they take before it is seen that it is too much. */
const SHARES = LIMITS.processesMax + 2;

/**
 * Bytes of memory that one process of git may take. Where a container holds all of us to less than a
 * machine has, the kernel would end one of us when we are over, so all that run at a time have to fit.
 */
export const PROCESS_BYTES_MAX = shareOf(process.constrainedMemory());

/** The same for one allocation, which git checks itself before it takes any. */
export const ALLOCATION_BYTES_MAX = Math.min(
  Number(ENVIRONMENT['GIT_ALLOC_LIMIT']),
  PROCESS_BYTES_MAX,
);

/** How often a process is asked, in milliseconds. git fills about a megabyte in each of them. */
const ASKED_EACH_MS = Math.min(50, PROCESS_BYTES_MAX / 8_388_608);

/** Of so many bytes for all. A machine without such a limit says 0, or more than there is. */
export function shareOf(bytes: number): number {
  if (bytes === 0) return LIMITS.processBytesMax;
  const share = Math.max(SHARE_BYTES_MIN, Math.floor((bytes - OWN_BYTES) / SHARES));
  return Math.min(LIMITS.processBytesMax, share);
}

/**
 * Watches how much memory a process takes of its own, and calls `onOver` once when that is more than
 * `bytesMax`.
 *
 * git bounds each of its allocations (`GIT_ALLOC_LIMIT`) and not their sum: a merge of two versions of a
 * file with six million lines, 20 KB on the disk, took 1.4 GB in small pieces. Packs that are mapped do
 * not count, because the system takes them back. Only Linux says how much it is; elsewhere nothing is
 * watched, and the time of a command is its bound. Returns what ends the watch.
 */
export function watchMemory(child: ChildProcess, bytesMax: number, onOver: () => void): () => void {
  const timer = setInterval(() => {
    const bytes = ownBytes(child);
    if (bytes !== undefined && bytes <= bytesMax) return;
    clearInterval(timer);
    if (bytes !== undefined) onOver();
  }, ASKED_EACH_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Lets the system end this process before the server, should memory run out. Everybody may say so of
 * their own processes; only Linux asks.
 */
export function makeExpendable({ pid }: ChildProcess): void {
  if (pid === undefined || process.platform !== 'linux') return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // It has ended already, or this system does not let us: then it stays as it is.
  }
}

/** Undefined when the process is gone, or the system does not tell. */
function ownBytes({ pid, exitCode, signalCode }: ChildProcess): number | undefined {
  // The number of one that is gone can be another one's.
  if (pid === undefined || exitCode !== null || signalCode !== null) return undefined;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kibibytes = Array.from(status.matchAll(OWN), ([, count]) => Number(count));
    return kibibytes.reduce((sum, count) => sum + count * 1024, 0);
  } catch {
    return undefined;
  }
}

/** What no file backs, in memory and swapped out (proc_pid_status(5)). */
const OWN = /^(?:RssAnon|VmSwap):\s+(\d+) kB$/gm;
