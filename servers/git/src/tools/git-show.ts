import { defineTool, type Found, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { cursorText, parseRevision, revision, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import { CHANGE_LABELS, changesFound, FILE, noPatchText, TOTALS, totalsText } from './changes.ts';
import { COMMIT, commitHead, commitText, TAG, tagFacts, tagHead, tagText } from './commits.ts';
import type { Context } from './context.ts';
import { FILE_FACTS, fileSummary, numberedLines } from './files.ts';
import { peel } from './revisions.ts';
import { showObject } from './show-object.ts';
import { ENTRY, entryLine } from './trees.ts';
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

/** Git itself makes no merge of more. */
const PARENTS_MAX = 64;

const OUTPUT = z.strictObject({
  kind: z.enum(['commit', 'tree', 'blob']),
  oid: z.string(),
  tags: judged(z.array(TAG)).optional(),
  commit: judged(COMMIT).optional(),
  files: judged(z.array(FILE)).optional(),
  totals: judged(TOTALS).optional(),
  entries: judged(z.array(ENTRY)).optional(),
  file: judged(FILE_FACTS).optional(),
  patch: z.string().optional(),
  text: z.string().optional(),
  ...paged,
});
type Output = z.output<typeof OUTPUT>;

export const gitShow = defineTool({
  name: 'git_show',
  title: 'Show',
  description: 'A commit with its patch against a parent, a tag, a tree or a blob.',
  scope: 'repositories:read',
  annotations: READS,
  labels: CHANGE_LABELS,
  textOnly: ['patch', 'text'],
  input: z.strictObject({
    repo: repositoryAsked,
    rev: revision.optional(),
    detail: z.enum(['meta', 'files', 'patch']).default('patch'),
    parent: z.int().min(1).max(PARENTS_MAX).optional(),
    paths: z.array(treePath).max(LIMITS.pathsMax).optional(),
    max_bytes: bytesLimit,
    limit: pageLimit,
    cursor: cursorText.optional(),
  }),
  output: OUTPUT,

  async run({ repo, cursor, limit, max_bytes: bytes, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const question = ['git_show', repository.id, asked];
    const { oid: again, skip } = context.readCursor(cursor, question);
    const rev = again === undefined ? asked.rev : parseRevision(again);
    const { tags, oid, kind } = await peel(repository, rev);
    const { next, ...shown } = await showObject(
      { repository, oid, kind },
      { ...asked, skip, limit, bytes },
      context,
    );
    return {
      output: {
        kind,
        oid,
        ...(tags.length > 0 && {
          // A chain of tags shares what one may say.
          tags: tags.map((tag) => tagFacts(tag, Math.ceil(LIMITS.textBytesDefault / tags.length))),
        }),
        ...shown,
        next_cursor:
          next === undefined ? undefined : context.writeCursor(question, { skip: next, oid }),
        ...warningsOf(repository.warnings),
      },
    };
  },

  render(output) {
    const { kind, oid, totals, file, truncated, next_cursor: next, warnings } = output;
    const facts = FILE_FACTS.optional().parse(file);
    const sums = TOTALS.optional().parse(totals);
    return {
      summary: joinSentences(
        `${kind} ${oid}.`,
        sums === undefined ? '' : totalsText(sums),
        facts === undefined ? '' : fileSummary(facts),
        noPatchText(output.files),
        truncated && next === undefined ? 'Cut.' : '',
        moreText(next),
        warningText(warnings),
      ),
      data: foundIn(output),
    };
  },
});

/** Each object between marks of its own: what one says can then not be taken for the next one's. */
function foundIn({ tags = [], commit, entries = [], file, text, ...changes }: Output): Found[] {
  const shown = COMMIT.optional().parse(commit);
  const lines = z.array(ENTRY).parse(entries).map(entryLine);
  return [
    ...z
      .array(TAG)
      .parse(tags)
      .map((tag) => ({ head: tagHead(tag), text: tagText(tag) })),
    ...(shown === undefined ? [] : [{ head: commitHead(shown), text: commitText(shown) }]),
    ...changesFound(changes),
    ...(lines.length === 0 ? [] : [{ head: 'Entries:', text: lines.join('\n') }]),
    ...(text === undefined
      ? []
      : [{ head: 'Text:', text: numberedLines(text, FILE_FACTS.parse(file)) }]),
  ];
}
