import { join } from 'node:path';

import type { Layout } from '../repository/layout.ts';
import { entriesOf, hostBytes, hostPath, type Pace } from '../repository/plain-tree.ts';
import { findingOf, type Report } from '../repository/report.ts';
import { lstatOrNothing } from '../repository/stamp.ts';
import { noteOf } from './findings.ts';

/** Hooks that reading sets off. */
const READING: ReadonlySet<string> = new Set(['post-index-change', 'fsmonitor-watchman']);

/** All that git runs by its name (githooks(5)). Other files there are nobody's business. */
const WRITING: ReadonlySet<string> = new Set([
  'applypatch-msg',
  'commit-msg',
  'post-applypatch',
  'post-checkout',
  'post-commit',
  'post-merge',
  'post-receive',
  'post-rewrite',
  'post-update',
  'pre-applypatch',
  'pre-auto-gc',
  'pre-commit',
  'pre-merge-commit',
  'pre-push',
  'pre-rebase',
  'pre-receive',
  'prepare-commit-msg',
  'proc-receive',
  'push-to-checkout',
  'reference-transaction',
  'sendemail-validate',
  'update',
]);

/** Tells which hooks plain git would run. None of them is looked into. */
export function auditHooks({ commonDir }: Layout, report: Report, pace: Pace): void {
  const directory = join(commonDir, 'hooks');
  const stats = lstatOrNothing(directory);
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    report.add({ ...findingOf('layout.link', 'hooks'), refuses: false });
    return;
  }
  try {
    for (const { name, path } of entriesOf(hostBytes(directory))) {
      if (!pace.step()) return;
      const isReading = READING.has(name);
      if (!isReading && !WRITING.has(name)) continue;
      const isIdle = !isExecutable(path);
      const run = isReading ? 'hooks.reading' : 'hooks.writing';
      report.add(noteOf(isIdle ? 'hooks.idle' : run, `hooks/${name}`));
    }
  } catch {
    report.add({ ...findingOf('layout.unreadable', 'hooks'), refuses: false });
  }
}

/** A link counts as executable: what it leads to is not looked at. */
function isExecutable(path: string): boolean {
  const stats = lstatOrNothing(hostPath(path));
  return stats !== undefined && (stats.isSymbolicLink() || (stats.mode & 0o111n) !== 0n);
}
