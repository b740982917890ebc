import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How often a process is asked, in milliseconds. git fills some fifty megabytes in that time. */
const ASKED_EACH_MS = 50;

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
