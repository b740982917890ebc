import { join } from 'node:path';

import { eachLine } from '../repository/head.ts';
import { entriesOf, hostBytes, type HostBytes, type Pace } from '../repository/plain-tree.ts';
import type { Prepared } from '../repository/prepare.ts';
import type { Report } from '../repository/report.ts';
import { noteOf } from './findings.ts';

/** Tells of names that a command line would take for options, and of refs that put one object in another's place. */
export async function auditRefs(
  { layout, common, packed, trees }: Prepared,
  report: Report,
  pace: Pace,
): Promise<void> {
  const top = hostBytes(layout.commonDir);
  for (const directory of trees.directories.keys()) {
    // oxlint-disable-next-line no-await-in-loop -- one directory after the other, by intent
    await pace.rest();
    if (directory.startsWith(`${top}/refs`)) lookInto(directory, top, report, pace);
  }
  if (packed.facts === undefined || report.refused) return;
  eachLine(join(common, 'packed-refs'), (line) => {
    judgeName(line.slice(line.indexOf(' ') + 1), report);
    return pace.step();
  });
}

function lookInto(directory: HostBytes, top: HostBytes, report: Report, pace: Pace): void {
  try {
    for (const { path, kind } of entriesOf(directory)) {
      if (!pace.step()) return;
      if (kind === 'file') judgeName(path.slice(top.length + 1), report);
    }
  } catch {
    // It went away meanwhile.
  }
}

/** What stands behind the kind of a ref is what people and scripts write: `main`, `origin/main`. */
const OPTION_LIKE = /^refs\/(?:[^/]+\/)?-/;

function judgeName(name: string, report: Report): void {
  if (OPTION_LIKE.test(name)) report.add(noteOf('refs.option_like', name));
  if (name.startsWith('refs/replace/')) report.add(noteOf('refs.replace', 'refs/replace'));
}
