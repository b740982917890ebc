import { join } from 'node:path';

import type { Run } from '../handle.ts';
import type { RunGitFor } from '../repository/git-runs.ts';
import type { Inspection } from '../repository/building.ts';
import type { Keeper } from '../repository/keeper.ts';
import type { Located } from '../repository/layout.ts';
import { createIndexCopies } from '../repository/index-copies.ts';
import { createPace } from '../repository/plain-tree.ts';
import { copyChecked } from '../repository/private-index.ts';
import { createReport, findingOf, type Report } from '../repository/report.ts';
import { hidesEntries, isSparse } from '../repository/warnings.ts';
import type { Audit } from '../results.ts';
import { auditAttributes } from './attributes.ts';
import { auditEmbedded } from './embedded.ts';
import { noteOf } from './findings.ts';
import { auditHooks } from './hooks.ts';
import { auditRefs } from './refs.ts';
import { auditSubmodules } from './submodules.ts';
import { auditTraces } from './traces.ts';

export interface Auditing {
  readonly keeper: Keeper;
  readonly gitFor: RunGitFor;
}

/**
 * Tells what plain git would act on in a repository: what it would run, read outside, or hide. It works
 * on a refused repository as well, because it only reads what the inspection may read.
 */
export async function audit(
  located: Exclude<Located, { readonly kind: 'unknown' }>,
  { keeper, gitFor }: Auditing,
  run: Run,
): Promise<Audit> {
  if (located.kind === 'refused') {
    const report = createReport();
    report.add(located.finding);
    return auditOf(report);
  }
  return keeper.inspect(located.layout, run, true, async (inspection) => {
    await lookFurther(inspection, gitFor, run);
    return auditOf(inspection.report);
  });
}

function auditOf(report: Report): Audit {
  return { ...report.sorted(), refused: report.refused };
}

async function lookFurther(
  { prepared, report, profile }: Inspection,
  gitFor: RunGitFor,
  run: Run,
): Promise<void> {
  const { layout, settings } = prepared;
  const pace = createPace(run.signal);
  const git = gitFor(run);
  auditTraces(layout, report);
  auditHooks(layout, report, pace);
  auditAttributes(layout, settings.all, report);
  await auditRefs(prepared, report, pace);
  if (layout.workTree === undefined) return;
  await auditSubmodules(layout.workTree, report, { profile, git });
  await auditEmbedded(layout.workTree, layout, report, pace);
  const copies = createIndexCopies();
  const file = join(profile.gitDir, 'audited');
  const { facts } = await copyChecked(
    { from: layout.gitDir, file, profile, git, pace, copies, lease: copies.lease() },
    report,
  );
  if (facts.submodules > 0) report.add(noteOf('submodules.present', 'index'));
  if (!hidesEntries(facts, isSparse(settings))) return;
  const hidden = facts.assumeUnchanged > 0 ? 'index.assume_unchanged' : 'index.skip_worktree';
  report.add(findingOf(hidden, 'index'));
}
