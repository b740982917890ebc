import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { revision, textFromTreePath, treePath } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { FILE_FACTS, fileSummary, numberedLines, readWindow } from './files.ts';
import { fileAt, treeOf } from './revisions.ts';
import {
  areInOrder,
  bytesLimit,
  cuttable,
  joinSentences,
  judged,
  linesOf,
  OUT_OF_ORDER,
  repositoryAsked,
  shortId,
  warningsOf,
  warningText,
} from './words.ts';

const FILE = FILE_FACTS.extend({ path: z.string(), oid: z.string(), kind: z.string() });

const FILE_LINES = { usual: LIMITS.fileLinesDefault, most: LIMITS.fileLinesMax };

export const gitFile = defineTool({
  name: 'git_file',
  title: 'File',
  description: 'The text of a file at a revision, HEAD without one.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['path'],
  textOnly: ['text'],
  input: z
    .strictObject({
      repo: repositoryAsked,
      rev: revision.optional(),
      path: treePath,
      start_line: z.int().min(1).optional(),
      end_line: z.int().min(1).optional(),
      max_bytes: bytesLimit,
    })
    .refine(areInOrder, OUT_OF_ORDER),
  output: z.strictObject({
    file: judged(FILE),
    text: z.string().optional(),
    ...cuttable,
  }),

  async run({ repo, rev, path, max_bytes: bytes, ...asked }, context: Context) {
    const repository = await context.open(repo);
    const { oid, kind } = await fileAt(repository, await treeOf(repository, rev), path);
    const window = { ...linesOf(asked, FILE_LINES), bytes };
    const { facts, text } = await readWindow(repository, oid, window, context);
    return {
      output: {
        file: { path: textFromTreePath(path), oid, kind, ...facts },
        ...(text !== undefined && { text }),
        truncated: facts.next_line !== undefined || facts.line_cut === true,
        ...warningsOf(repository.warnings),
      },
    };
  },

  render({ file, text, warnings }) {
    const { path, oid, kind, ...facts } = FILE.parse(file);
    const next = facts.next_line;
    return {
      summary: joinSentences(
        `${path}: ${kind} ${shortId(oid)}, ${fileSummary(facts)}`,
        next === undefined ? '' : `Continue with start_line ${String(next)}.`,
        warningText(warnings),
      ),
      ...(text !== undefined && { data: numberedLines(text, facts) }),
    };
  },
});
