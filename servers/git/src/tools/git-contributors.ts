import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { revision, since, treePath } from '../guard/index.ts';
import type { Context } from './context.ts';
import { pathOf, tipOf } from './revisions.ts';
import {
  counted,
  cuttable,
  joinSentences,
  listOf,
  oneLine,
  pageLimit,
  repositoryAsked,
  warningsOf,
  warningText,
} from './words.ts';

const CONTRIBUTOR = z.strictObject({ name: z.string(), email: z.string(), commits: z.int() });

export const gitContributors = defineTool({
  name: 'git_contributors',
  title: 'Contributors',
  description: 'Who wrote how many commits, most first.',
  scope: 'repositories:read',
  annotations: READS,
  input: z.strictObject({
    repo: repositoryAsked,
    rev: revision.optional(),
    path: treePath.optional(),
    since: since.optional(),
    limit: pageLimit,
  }),
  output: z.strictObject({
    contributors: listOf(CONTRIBUTOR),
    total: z.int(),
    commits: z.int(),
    ...cuttable,
  }),

  async run({ repo, rev, path, since: after, limit }, { open }: Context) {
    const repository = await open(repo);
    const { contributors, total, commits } = await repository.contributors({
      commit: await tipOf(repository, rev),
      path: pathOf(path),
      since: after,
      limit,
    });
    return {
      output: {
        contributors: contributors.map(({ name, email, commits: own }) => ({
          name,
          email,
          commits: own,
        })),
        total,
        commits,
        truncated: contributors.length < total,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ contributors, total, commits, warnings }) {
    return {
      summary: joinSentences(
        `${String(contributors.length)} of ${counted(total, 'contributor')}, ${counted(commits, 'commit')} in all.`,
        warningText(warnings),
      ),
      data: z
        .array(CONTRIBUTOR)
        .parse(contributors)
        .map(
          ({ name, email, commits: own }) =>
            `${String(own).padStart(6)}  ${oneLine(name)} <${oneLine(email)}>`,
        )
        .join('\n'),
    };
  },
});
