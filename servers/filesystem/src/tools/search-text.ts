import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import {
  cursorText,
  glob,
  readCursor,
  requestedPath,
  searchPattern,
  writeCursor,
} from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { joinSentences, pathOf, skippedOf, skippedText } from './words.ts';

const HIT = z.strictObject({
  path: z.string(),
  line: z.int(),
  column: z.int(),
  text: z.string(),
  before: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
});

export const searchText = defineTool({
  name: 'search_text',
  title: 'Search text',
  description:
    'Searches the lines of a file or a tree for a regular expression (RE2: no lookaround or backreferences).',
  scope: 'files:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    pattern: searchPattern,
    path: requestedPath.default('.'),
    literal: z.boolean().default(false),
    ignore_case: z.boolean().default(false),
    glob: glob.optional().describe('Only files that match.'),
    context: z.int().min(0).max(LIMITS.contextMax).default(0).describe('Lines around a hit.'),
    mode: z.enum(['matches', 'files', 'count']).default('matches'),
    limit: z.int().min(1).max(LIMITS.matchesMax).default(LIMITS.matchesDefault),
    max_per_file: z.int().min(1).max(LIMITS.matchesMax).optional(),
    include_ignored: z.boolean().default(false),
    cursor: cursorText.optional(),
  }),
  output: z.strictObject({
    hits: z.array(HIT).optional(),
    files: z.array(z.strictObject({ path: z.string(), matches: z.int().optional() })).optional(),
    scanned_files: z.int(),
    complete: z.boolean(),
    next_cursor: z.string().optional(),
    skipped: z.record(z.string(), z.int()),
  }),

  async run({ cursor, ...input }, { path, disk, secrets }: Context) {
    const asked = path(input.path);
    const question = ['search_text', input];
    const { hits, files, scannedFiles, complete, next, skipped } = await disk.search(asked, {
      pattern: input.pattern,
      literal: input.literal,
      ignoreCase: input.ignore_case,
      glob: input.glob,
      context: input.context,
      mode: input.mode,
      limit: input.limit,
      perFile: input.max_per_file ?? Infinity,
      ignored: input.include_ignored,
      hideSecrets: secrets !== 'allow',
      cursor: readCursor(cursor, question),
    });
    const found =
      input.mode === 'matches'
        ? {
            hits: hits.map(({ steps, before, after, ...hit }) => ({
              path: pathOf(asked, steps),
              ...hit,
              ...(input.context > 0 && { before: [...before], after: [...after] }),
            })),
          }
        : {
            files: files.map(({ steps, matches }) => ({
              path: pathOf(asked, steps),
              ...(input.mode === 'count' && { matches }),
            })),
          };
    return {
      output: {
        ...found,
        scanned_files: scannedFiles,
        complete,
        next_cursor: next === undefined ? undefined : writeCursor(question, next),
        skipped: skippedOf(skipped),
      },
    };
  },

  render({ hits, files, scanned_files: scanned, complete, next_cursor: next, skipped }) {
    const found =
      hits === undefined ? `Files: ${String(files?.length ?? 0)}` : `Hits: ${String(hits.length)}`;
    const lines = hits?.map(hitLines) ?? files?.map(fileLine) ?? [];
    return {
      summary: joinSentences(
        `${found}, in ${String(scanned)} searched files.`,
        complete ? '' : 'There is more to search.',
        next === undefined ? '' : `More with cursor ${next}.`,
        skippedText(skipped),
      ),
      data: lines.join('\n'),
    };
  },
});

function hitLines({
  path,
  line,
  column,
  text,
  before = [],
  after = [],
}: z.output<typeof HIT>): string {
  const around = (lines: readonly string[], first: number): string[] =>
    lines.map((content, index) => `${path}-${String(first + index)}- ${content}`);
  return [
    ...around(before, line - before.length),
    `${path}:${String(line)}:${String(column)}: ${text}`,
    ...around(after, line + 1),
  ].join('\n');
}

function fileLine({
  path,
  matches,
}: {
  readonly path: string;
  readonly matches?: number | undefined;
}): string {
  return matches === undefined ? path : `${path}: ${String(matches)}`;
}
