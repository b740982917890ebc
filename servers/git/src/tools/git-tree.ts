import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Repository } from '../adapter/index.ts';
import {
  cursorText,
  type Oid,
  refuse,
  revision,
  textFromTreePath,
  TOP,
  type TreePath,
  treePath,
} from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { treeOf } from './revisions.ts';
import { ENTRY, entryFacts, entryLine } from './trees.ts';
import {
  counted,
  joinSentences,
  listOf,
  moreText,
  paged,
  pageLimit,
  repositoryAsked,
  warningsOf,
  warningText,
} from './words.ts';

export const gitTree = defineTool({
  name: 'git_tree',
  title: 'Tree',
  description: 'Lists a directory at a revision, with sizes.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    repo: repositoryAsked,
    rev: revision.optional(),
    path: treePath.optional(),
    depth: z.int().min(1).max(LIMITS.treeDepthMax).optional(),
    limit: pageLimit,
    cursor: cursorText.optional(),
  }),
  output: z.strictObject({ entries: listOf(ENTRY), ...paged }),

  async run({ repo, cursor, limit, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const question = ['git_tree', repository.id, asked];
    const at = context.readCursor(cursor, question);
    const path = asked.path ?? TOP;
    const tree =
      at.oid ?? (await directoryAt(repository, await treeOf(repository, asked.rev), path));
    const { skip } = at;
    const page = await repository.tree(tree, { depth: asked.depth ?? 1, skip, limit });
    const { truncated, next } = page;
    return {
      output: {
        entries: page.entries.map((entry) => entryFacts(entry, textFromTreePath(path))),
        truncated,
        next_cursor:
          next === undefined ? undefined : context.writeCursor(question, { skip: next, oid: tree }),
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ entries, truncated, next_cursor: next, warnings }) {
    return {
      summary: joinSentences(
        `${counted(entries.length, 'entry', 'entries')}.`,
        truncated && next === undefined ? 'Cut.' : '',
        moreText(next),
        warningText(warnings),
      ),
      data: z.array(ENTRY).parse(entries).map(entryLine).join('\n'),
    };
  },
});

async function directoryAt(repository: Repository, tree: Oid, path: TreePath): Promise<Oid> {
  if (path === TOP) return tree;
  const { oid, kind } = await repository.entryAt(tree, path);
  return kind === 'directory' ? oid : refuse('path.not_a_directory');
}
