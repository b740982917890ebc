import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Blame, BlameHunk } from '../adapter/index.ts';
import { revision, textFromTreePath, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import { COMMIT, commitFacts, type CommitFacts, commitLine } from './commits.ts';
import type { Context } from './context.ts';
import { fileAt, tipOf } from './revisions.ts';
import { screenLines } from './screen.ts';
import {
  areInOrder,
  counted,
  cuttable,
  joinSentences,
  judged,
  listOf,
  linesOf,
  OUT_OF_ORDER,
  repositoryAsked,
  shortId,
  warningsOf,
  warningText,
} from './words.ts';

/** Lines where a caller names no number: about what fits on two screens. */
const BLAME_LINES = { usual: 100, most: LIMITS.blameLinesMax };

const HUNK = z.strictObject({
  oid: z.string(),
  start_line: z.int(),
  lines: z.int(),
  path: z.string().optional().describe('In that commit.'),
  boundary: z.boolean().optional(),
});
type Hunk = z.output<typeof HUNK>;

export const gitBlame = defineTool({
  name: 'git_blame',
  title: 'Blame',
  description: 'Which commit each line of a file comes from.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path'],
  textOnly: ['text'],
  input: z
    .strictObject({
      repo: repositoryAsked,
      path: treePath,
      rev: revision.optional(),
      start_line: z.int().min(1).optional(),
      end_line: z.int().min(1).optional(),
    })
    .refine(areInOrder, OUT_OF_ORDER),
  output: z.strictObject({
    hunks: listOf(HUNK),
    commits: judged(z.array(COMMIT)),
    total_lines: z.int(),
    next_line: z.int().optional(),
    text: z.string(),
    ...cuttable,
  }),

  async run({ repo, path, rev, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const commit = await tipOf(repository, rev);
    const { oid: blob } = await fileAt(repository, commit, path);
    const { startLine, lines: count } = linesOf(asked, BLAME_LINES);
    const blame = await repository.blame({ commit, path, startLine, lines: count });
    const { hunks, totalLines, nextLine } = blame;
    const lines = hunks.flatMap((hunk) => hunk.lines);
    const screened = await screenLines(repository, { blob, startLine, lines }, context);
    return {
      output: {
        hunks: hunks.map((hunk) => hunkFacts(hunk, textFromTreePath(path))),
        commits: commitsOf(blame),
        total_lines: totalLines,
        ...(nextLine !== undefined && { next_line: nextLine }),
        text: screened.join('\n'),
        truncated: nextLine !== undefined,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ hunks: listed, commits: told, total_lines: total, next_line: next, text, warnings }) {
    const hunks = z.array(HUNK).parse(listed);
    const commits = z.array(COMMIT).parse(told);
    const lines = hunks.reduce((sum, hunk) => sum + hunk.lines, 0);
    return {
      summary: joinSentences(
        `${counted(lines, 'line')} of ${String(total)}, from ${counted(commits.length, 'commit')}.`,
        next === undefined ? '' : `Continue with start_line ${String(next)}.`,
        warningText(warnings),
      ),
      data: blamedLines(hunks, commits, text),
    };
  },
});

function hunkFacts({ commit, path, startLine, lines, boundary }: BlameHunk, asked: string): Hunk {
  return {
    oid: commit.oid,
    start_line: startLine,
    lines: lines.length,
    ...(path !== asked && { path }),
    ...(boundary && { boundary }),
  };
}

/** Each commit once, however many hunks it has. */
function commitsOf({ hunks }: Blame): CommitFacts[] {
  const commits = new Map(hunks.map(({ commit }) => [commit.oid, commit]));
  return [...commits.values()].map((commit) => {
    const { oid, subject, author, email, at } = commitFacts(commit);
    return { oid, subject, author, email, at };
  });
}

/** The commits once, then each line with the id of its own. */
function blamedLines(
  hunks: readonly Hunk[],
  commits: readonly CommitFacts[],
  text: string,
): { readonly head: string; readonly text: string }[] {
  const lines = text.split('\n');
  let at = 0;
  const blamed = hunks.flatMap(({ oid, start_line: start, lines: count }) => {
    const own = lines.slice(at, at + count);
    at += count;
    return own.map(
      (line, index) => `${shortId(oid)} ${String(start + index).padStart(6)}\t${line}`,
    );
  });
  return [
    { head: 'Commits:', text: commits.map(commitLine).join('\n') },
    { head: 'Lines:', text: blamed.join('\n') },
  ];
}
