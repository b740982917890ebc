import { type Layout, looksBare, realOf } from '../repository/layout.ts';
import {
  entriesOf,
  hostBytes,
  hostPath,
  type HostBytes,
  type Pace,
} from '../repository/plain-tree.ts';
import { findingOf, type Report } from '../repository/report.ts';
import { noteOf } from './findings.ts';
import { nestsElsewhere } from './nested.ts';

/** How deep beneath the top, and how many directories at most. */
const DEPTH_MAX = 3;
const DIRECTORIES_MAX = 2000;
const QUEUE_MAX = 20_000;

/**
 * Looks for directories that plain git takes for bare repositories, with settings of their own, as soon
 * as somebody works in them, and for repositories of their own that lie elsewhere.
 */
export async function auditEmbedded(
  workTree: string,
  { commonDir }: Pick<Layout, 'commonDir'>,
  report: Report,
  pace: Pace,
): Promise<void> {
  const own = [workTree, commonDir].map((directory) => realOf(directory) ?? directory);
  const top = hostBytes(workTree);
  const queue: { readonly path: HostBytes; readonly depth: number }[] = [{ path: top, depth: 0 }];
  // The queue grows while it is walked.
  for (const [position, { path, depth }] of queue.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    await pace.rest();
    const isBare = depth > 0 && judge(path, path.slice(top.length + 1), { own, report });
    if (isBare || depth >= DEPTH_MAX || position >= DIRECTORIES_MAX) continue;
    for (const inner of directoriesIn(path, pace)) {
      // Long paths, each of which is kept until it is looked at.
      if (queue.length < QUEUE_MAX) queue.push({ path: inner, depth: depth + 1 });
    }
  }
}

/** True for a bare repository, whose own directories are not looked into. */
function judge(
  path: HostBytes,
  where: HostBytes,
  { own, report }: { readonly own: readonly string[]; readonly report: Report },
): boolean {
  const directory = hostPath(path).toString('utf8');
  if (nestsElsewhere(directory, own)) report.add(noteOf('worktree.nested', where));
  if (!looksBare(directory)) return false;
  report.add(findingOf('layout.embedded', where));
  return true;
}

function directoriesIn(directory: HostBytes, pace: Pace): readonly HostBytes[] {
  const found: HostBytes[] = [];
  try {
    for (const { name, path, kind } of entriesOf(directory)) {
      if (!pace.step() || found.length > DIRECTORIES_MAX) break;
      if (kind === 'directory' && name !== '.git' && name !== 'node_modules') found.push(path);
    }
  } catch {
    // It is closed to us, or it went away.
  }
  return found;
}
