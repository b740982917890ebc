import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Commit, LogPage } from '../adapter/index.ts';
import { cursorText, needle, revision, since, treePath, until } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import {
  COMMIT,
  commitFacts,
  type CommitFacts,
  commitHead,
  commitLine,
  commitText,
  wholeCommitFacts,
  withFiles,
} from './commits.ts';
import type { Context } from './context.ts';
import { pathOf, startOf } from './revisions.ts';
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

const INPUT = z.strictObject({
  repo: repositoryAsked,
  from: revision.optional(),
  to: revision.optional(),
  path: treePath.optional(),
  follow: z.boolean().default(false),
  author: needle.optional(),
  message: needle.optional(),
  changed_text: needle.optional(),
  since: since.optional().describe('RFC 3339.'),
  until: until.optional(),
  first_parent: z.boolean().default(false),
  no_merges: z.boolean().default(false),
  detail: z.enum(['subject', 'message', 'files']).default('subject'),
  limit: pageLimit,
  cursor: cursorText.optional(),
});
type Asked = Omit<z.output<typeof INPUT>, 'repo' | 'cursor' | 'limit'>;

export const gitLog = defineTool({
  name: 'git_log',
  title: 'Log',
  description: 'Commits of to (HEAD) without those of from, newest first.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path', 'from'],
  input: INPUT,
  output: z.strictObject({ commits: listOf(COMMIT), ...paged }),

  async run({ repo, cursor, limit, detail, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const question = ['git_log', repository.id, asked];
    const at = context.readCursor(cursor, question);
    const from = at.oid ?? (await startOf(repository, asked.to));
    // Before the first commit there is nothing to list, and that is no mistake.
    if (from === undefined) {
      return { output: { commits: [], truncated: false, ...warningsOf(repository.warnings) } };
    }
    const without =
      at.base ?? (asked.from === undefined ? undefined : await repository.commitOf(asked.from));
    const exclude = without === undefined ? [] : [without];
    const page = await repository.log({
      ...queryOf({ ...asked, detail }),
      from,
      exclude,
      skip: at.skip,
      limit,
    });
    const next = { skip: at.skip + page.commits.length, oid: from, base: without };
    return {
      output: {
        commits: page.commits.map((commit) => factsOf(commit, detail, page)),
        truncated: page.more,
        next_cursor: page.more ? context.writeCursor(question, next) : undefined,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ commits: listed, next_cursor: next, warnings }) {
    const commits = z.array(COMMIT).parse(listed);
    return {
      summary: joinSentences(
        `${counted(commits.length, 'commit')}.`,
        moreText(next),
        warningText(warnings),
      ),
      data: commits.some(isLong)
        ? commits.map((commit) => ({ head: commitHead(commit), text: commitText(commit) }))
        : commits.map(commitLine).join('\n'),
    };
  },
});

function queryOf(asked: Asked) {
  return {
    path: pathOf(asked.path),
    follow: asked.follow,
    author: asked.author,
    message: asked.message,
    changedText: asked.changed_text,
    since: asked.since,
    until: asked.until,
    firstParent: asked.first_parent,
    noMerges: asked.no_merges,
    files: asked.detail === 'files',
  };
}

function factsOf(commit: Commit, detail: Asked['detail'], page: LogPage): CommitFacts {
  if (detail === 'subject') return commitFacts(commit);
  const whole = wholeCommitFacts(commit, LIMITS.messageCharactersMax);
  if (detail === 'message') return whole;
  const { files, filesLeftOut } = page;
  return withFiles(whole, files.get(commit.oid) ?? [], filesLeftOut.get(commit.oid));
}

/** More than fits on one line: then each commit stands between marks of its own. */
function isLong({ body, files }: CommitFacts): boolean {
  return body !== undefined || files !== undefined;
}
