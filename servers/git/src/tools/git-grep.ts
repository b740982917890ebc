import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { GrepMatch, GrepQuery } from '../adapter/index.ts';
import { ere, needle, type Needle, refuse, revision, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { pathsOf, treeOf } from './revisions.ts';
import { screenMatches } from './screen.ts';
import {
  counted,
  cuttable,
  joinSentences,
  listOf,
  pageLimit,
  repositoryAsked,
  warningsOf,
  warningText,
} from './words.ts';

/** Lines around a match. More is read with git_file. */
const CONTEXT_MAX = 5;

const LINE = z.strictObject({
  path: z.string(),
  line: z.int(),
  column: z.int().optional(),
  text: z.string(),
  around: z.boolean().optional(),
});
type Line = z.output<typeof LINE>;

export const gitGrep = defineTool({
  name: 'git_grep',
  title: 'Grep',
  description: 'Searches the lines of all files at a revision. regex is POSIX extended.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    repo: repositoryAsked,
    pattern: needle,
    rev: revision.optional(),
    regex: z.boolean().default(false),
    ignore_case: z.boolean().default(false),
    paths: z.array(treePath).max(LIMITS.pathsMax).optional(),
    context: z.int().min(0).max(CONTEXT_MAX).optional(),
    limit: pageLimit,
  }),
  output: z.strictObject({
    lines: listOf(LINE),
    files: z.int(),
    ...cuttable,
  }),

  async run({ repo, rev, pattern, regex, paths, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const tree = await treeOf(repository, rev);
    const { matches, files, truncated } = await repository.grep({
      tree,
      pattern: regex ? regexOf(pattern) : { kind: 'fixed', text: pattern },
      ignoreCase: asked.ignore_case,
      paths: pathsOf(paths),
      context: asked.context ?? 0,
      limit: asked.limit,
    });
    const screened = await screenMatches(repository, tree, matches, context);
    return {
      output: {
        lines: screened.map(lineFacts),
        files,
        truncated,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ lines: listed, files, truncated, warnings }) {
    const lines = z.array(LINE).parse(listed);
    const matches = lines.filter(({ around }) => around !== true).length;
    return {
      summary: joinSentences(
        `${counted(matches, 'match', 'matches')} in ${counted(files, 'file')}.`,
        truncated ? 'There are more: narrow with paths, or a larger limit.' : '',
        warningText(warnings),
      ),
      data: lines.map(lineText).join('\n'),
    };
  },
});

function regexOf(pattern: Needle): GrepQuery['pattern'] {
  const text = ere.safeParse(pattern).data;
  return text === undefined ? refuse('pattern.invalid', { hint: SUBSET }) : { kind: 'ere', text };
}

const SUBSET = 'As a regular expression it is not well formed, or it could take too long.';

function lineFacts({ path, line, column, text, match }: GrepMatch): Line {
  return {
    path,
    line,
    text,
    ...(column !== undefined && { column }),
    ...(!match && { around: true }),
  };
}

/** As grep itself prints them: a colon for a match, a dash for what stands around it. */
function lineText({ path, line, text, around = false }: Line): string {
  return around ? `${path}-${String(line)}- ${text}` : `${path}:${String(line)}: ${text}`;
}
