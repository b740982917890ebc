import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { DiffQuery, Repository } from '../adapter/index.ts';
import { type Cursor, cursorText, revision, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import {
  CHANGE_LABELS,
  changesFacts,
  changesFound,
  FILES,
  noPatchText,
  TOTALS,
  totalsText,
} from './changes.ts';
import type { Context } from './context.ts';
import { expectSame, expectSameList, mergeBaseOf, pathsOf, startOf, tipOf } from './revisions.ts';
import {
  bytesLimit,
  joinSentences,
  judged,
  moreText,
  paged,
  pageLimit,
  repositoryAsked,
  warningsOf,
  warningText,
} from './words.ts';

const INPUT = z
  .strictObject({
    repo: repositoryAsked,
    mode: z.enum(['unstaged', 'staged', 'head', 'range']).default('unstaged'),
    base: revision.optional(),
    head: revision.optional(),
    merge_base: z.boolean().default(false),
    paths: z.array(treePath).max(LIMITS.pathsMax).optional(),
    context: z.int().min(0).max(LIMITS.contextMax).default(3),
    ignore_whitespace: z.boolean().default(false),
    detail: z.enum(['summary', 'patch']).default('patch'),
    max_bytes: bytesLimit,
    limit: pageLimit,
    cursor: cursorText.optional(),
  })
  .refine(({ mode, base }) => mode !== 'range' || base !== undefined, {
    path: ['base'],
    error: 'a range needs it',
  })
  .refine(({ mode, base }) => mode !== 'unstaged' || base === undefined, {
    path: ['base'],
    error: 'belongs to another mode',
  })
  .refine(({ mode, head, merge_base: merge }) => mode === 'range' || !(merge || head), {
    path: ['mode'],
    error: 'head and merge_base belong to a range',
  });
type Asked = Pick<z.output<typeof INPUT>, 'mode' | 'base' | 'head' | 'merge_base'>;

export const gitDiff = defineTool({
  name: 'git_diff',
  title: 'Diff',
  description:
    'Changes that are unstaged, staged, since a commit (head), or from base to head (range).',
  scope: 'repositories:read',
  annotations: READS,
  labels: CHANGE_LABELS,
  textOnly: ['patch'],
  input: INPUT,
  output: z.strictObject({
    base: z.string().optional(),
    head: z.string().optional(),
    files: FILES,
    totals: judged(TOTALS),
    patch: z.string().optional(),
    ...paged,
  }),

  async run({ repo, cursor, limit, max_bytes: patchBytes, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const question = ['git_diff', repository.id, asked];
    const at = context.readCursor(cursor, question);
    const what = await whatOf(repository, asked, at);
    const changes = await repository.diff({
      what,
      paths: pathsOf(asked.paths),
      context: asked.context,
      ignoreWhitespace: asked.ignore_whitespace,
      patch: asked.detail === 'patch',
      patchBytes,
      skip: at.skip,
      limit,
    });
    const { truncated, next, digest } = changes;
    if (what.mode !== 'objects') expectSameList(at, digest);
    const ends = endsOf(what);
    const position = { oid: ends.head ?? ends.base, base: ends.base, digest };
    return {
      output: {
        ...ends,
        ...changesFacts(changes, context),
        truncated,
        next_cursor:
          next === undefined
            ? undefined
            : context.writeCursor(question, { ...position, skip: next }),
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ totals: sums, truncated, next_cursor: next, warnings, ...changes }) {
    const totals = TOTALS.parse(sums);
    return {
      summary: joinSentences(
        totals.files === 0 ? 'No differences.' : totalsText(totals),
        noPatchText(changes.files),
        truncated && next === undefined ? 'Cut.' : '',
        moreText(next),
        warningText(warnings),
      ),
      data: changesFound(changes),
    };
  },
});

/** Both ends of a comparison. A later page compares the same objects, or refuses. */
async function whatOf(
  repository: Repository,
  { mode, base: from, head: to, merge_base: merges }: Asked,
  at: Cursor,
): Promise<DiffQuery['what']> {
  if (mode === 'unstaged') return { mode };
  if (mode === 'range') {
    if (at.oid !== undefined) return { mode: 'objects', base: at.base, head: at.oid };
    const [base, head] = [await tipOf(repository, from), await tipOf(repository, to)];
    if (!merges) return { mode: 'objects', base, head };
    return { mode: 'objects', base: await mergeBaseOf(repository, base, head), head };
  }
  const base = await startOf(repository, from);
  // The work tree and the index have no id; that the other end moved can be seen.
  expectSame(at, base);
  if (mode === 'staged') return { mode, base };
  return { mode: 'worktree', base: base ?? (await tipOf(repository, from)) };
}

function endsOf(what: DiffQuery['what']) {
  if (what.mode === 'unstaged') return {};
  return what.mode === 'objects' ? { base: what.base, head: what.head } : { base: what.base };
}
