import { defineTool, type Found, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Comparison } from '../adapter/index.ts';
import { revision } from '../guard/index.ts';
import { COMMIT, type CommitFacts, commitFacts, commitLine } from './commits.ts';
import type { Context } from './context.ts';
import { tipOf } from './revisions.ts';
import {
  counted,
  cuttable,
  joinSentences,
  judged,
  pageLimit,
  repositoryAsked,
  warningsOf,
  warningText,
} from './words.ts';

const SIDE = z.strictObject({ count: z.int(), commits: z.array(COMMIT) });
const CONFLICT = z.strictObject({ path: z.string(), kinds: z.array(z.string()) });
const MERGE = z.strictObject({
  bases: z.array(z.string()),
  clean: z.boolean(),
  conflicts: z.array(CONFLICT).optional(),
  /** Where that is more than are listed. */
  conflicts_total: z.int().optional(),
});

export const gitCompare = defineTool({
  name: 'git_compare',
  title: 'Compare',
  description: 'What each of two revisions has alone, and whether they would merge.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    repo: repositoryAsked,
    base: revision,
    head: revision.optional(),
    limit: pageLimit,
  }),
  output: z.strictObject({
    base: z.string(),
    head: z.string(),
    ahead: judged(SIDE),
    behind: judged(SIDE),
    merge: judged(MERGE),
    ...cuttable,
  }),

  async run({ repo, limit, ...asked }, { open }: Context) {
    const repository = await open(repo);
    const base = await tipOf(repository, asked.base);
    const head = await tipOf(repository, asked.head);
    const comparison = await repository.compare({ base, head, limit });
    return {
      output: { base, head, ...comparisonFacts(comparison), ...warningsOf(repository.warnings) },
    };
  },

  render({ truncated, warnings, ...compared }) {
    const [ahead, behind] = [SIDE.parse(compared.ahead), SIDE.parse(compared.behind)];
    const { clean, conflicts = [], conflicts_total: total } = MERGE.parse(compared.merge);
    return {
      summary: joinSentences(
        `The head is ${counted(ahead.count, 'commit')} ahead and ${String(behind.count)} behind.`,
        clean
          ? 'A merge would be clean.'
          : `A merge would conflict in ${counted(total ?? conflicts.length, 'path')}.`,
        truncated ? 'Not all is listed.' : '',
        warningText(warnings),
      ),
      data: [
        ...commitsFound('Only in the head:', ahead.commits),
        ...commitsFound('Only in the base:', behind.commits),
        ...(conflicts.length === 0
          ? []
          : [{ head: 'Conflicts:', text: conflicts.map(conflictLine).join('\n') }]),
      ],
    };
  },
});

function comparisonFacts({ bases, ahead, behind, aheadCommits, behindCommits, merge }: Comparison) {
  const conflicts = merge.conflicts.map(({ path, kinds }) => ({ path, kinds: [...kinds] }));
  const isCut = conflicts.length < merge.conflictsTotal;
  return {
    ahead: { count: ahead, commits: aheadCommits.map(commitFacts) },
    behind: { count: behind, commits: behindCommits.map(commitFacts) },
    merge: {
      bases: [...bases],
      clean: merge.clean,
      ...(conflicts.length > 0 && { conflicts }),
      ...(isCut && { conflicts_total: merge.conflictsTotal }),
    },
    truncated: aheadCommits.length < ahead || behindCommits.length < behind || isCut,
  };
}

function commitsFound(head: string, commits: readonly CommitFacts[]): readonly Found[] {
  return commits.length === 0 ? [] : [{ head, text: commits.map(commitLine).join('\n') }];
}

function conflictLine({ path, kinds }: z.output<typeof CONFLICT>): string {
  return `${kinds.join(', ')}  ${path}`;
}
