import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { FoundRepository } from '../adapter/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { counted, joinSentences, listOf, pageLimit, present, shortId } from './words.ts';

const FOUND = z.strictObject({
  repo: z.string(),
  branch: z.string().optional(),
  head: z.string().optional(),
  bare: z.boolean().optional(),
  worktree_of: z.string().optional(),
  operation: z.string().optional(),
  refused: z.boolean().optional(),
  warnings: z.array(z.string()).optional(),
});
type Found = z.output<typeof FOUND>;

export const gitRepos = defineTool({
  name: 'git_repos',
  title: 'Repositories',
  description: 'Names the repositories that can be read, with their branch and state.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['repo', 'worktree_of', 'branch'],
  input: z.strictObject({
    depth: z.int().min(0).max(LIMITS.discoverDepthMax).default(LIMITS.discoverDepthMax),
    limit: pageLimit,
  }),
  output: z.strictObject({ repositories: listOf(FOUND), truncated: z.boolean() }),

  async run(how, { find }: Context) {
    const { repositories, truncated } = await find(how);
    return { output: { repositories: repositories.map(foundFacts), truncated } };
  },

  render({ repositories, truncated }) {
    return {
      summary: joinSentences(
        `${counted(repositories.length, 'repository', 'repositories')}.`,
        truncated ? 'There are more: ask with a smaller depth or a larger limit.' : '',
      ),
      data: z.array(FOUND).parse(repositories).map(foundLine).join('\n'),
    };
  },
});

function foundFacts({ id, worktreeOf, warnings, ...found }: FoundRepository): Found {
  const { branch, head, bare, operation, refused } = found;
  return {
    repo: id,
    ...present({
      branch,
      head,
      bare,
      worktree_of: worktreeOf,
      operation,
      refused,
      warnings: [...warnings],
    }),
  };
}

/** Marks stand before names, so that no branch can imitate one. */
function foundLine({ repo, branch, head, ...found }: Found): string {
  const notes = [
    found.refused === true ? 'refused: git_audit says why' : '',
    found.bare === true ? 'bare' : '',
    found.operation === undefined ? '' : `in a ${found.operation}`,
    ...(found.warnings ?? []),
  ].filter((note) => note !== '');
  return [
    repo,
    head === undefined ? 'no commit' : shortId(head),
    ...notes,
    ...(found.worktree_of === undefined ? [] : [`work tree of ${found.worktree_of}`]),
    ...(branch === undefined ? [] : [`branch ${branch}`]),
  ].join('  ');
}
