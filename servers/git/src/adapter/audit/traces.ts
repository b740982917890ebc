import { join } from 'node:path';

import type { Layout } from '../repository/layout.ts';
import type { Report } from '../repository/report.ts';
import { lstatOrNothing } from '../repository/stamp.ts';
import { noteOf, type NoteId } from './findings.ts';

/** Files by whose mere being there plain git shows something else. */
const BELIEVED: readonly (readonly [steps: string, id: NoteId])[] = [
  ['info/grafts', 'objects.grafts'],
  ['objects/info/commit-graph', 'objects.commit_graph'],
  ['objects/info/commit-graphs', 'objects.commit_graph'],
];

/** Files of the work tree's top that plain git opens for reading commands. */
const OPENED = ['.gitattributes', '.gitignore', '.gitmodules', '.mailmap'] as const;

/** Tells of single files, by their names and kinds. */
export function auditTraces({ commonDir, workTree }: Layout, report: Report): void {
  for (const [steps, id] of BELIEVED) {
    if (lstatOrNothing(join(commonDir, steps)) !== undefined) report.add(noteOf(id, steps));
  }
  if (workTree === undefined) return;
  for (const name of OPENED) {
    const stats = lstatOrNothing(join(workTree, name));
    const isPlain = stats?.isFile() !== false || stats.isDirectory() || stats.isSymbolicLink();
    if (!isPlain) report.add(noteOf('worktree.special', name));
  }
}
