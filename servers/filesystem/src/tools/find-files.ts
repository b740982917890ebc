import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { cursorText, glob, readCursor, requestedPath, writeCursor } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { entryLine, joinSentences, pathOf, skippedOf, skippedText } from './words.ts';

const isoTime = z
  .string()
  .max(40)
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be an ISO 8601 time');

export const findFiles = defineTool({
  name: 'find_files',
  title: 'Find files',
  description:
    'Finds entries by name: *.ts at any depth, or src/**/*.ts beneath path. For text use search_text.',
  scope: 'files:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    glob,
    path: requestedPath.default('.'),
    type: z.enum(['file', 'directory', 'link', 'any']).default('file'),
    sort: z.enum(['path', 'mtime', 'size']).default('path').describe('Newest or largest first.'),
    min_size: z.int().min(0).default(0),
    max_size: z.int().min(0).optional(),
    modified_after: isoTime.optional().describe('ISO 8601.'),
    limit: z.int().min(1).max(LIMITS.matchesMax).default(LIMITS.matchesDefault),
    include_ignored: z.boolean().default(false),
    cursor: cursorText.optional(),
  }),
  output: z.strictObject({
    entries: z.array(
      z.strictObject({
        path: z.string(),
        type: z.enum(['file', 'directory', 'link', 'other']),
        size: z.int().optional(),
        mtime: z.string().optional(),
      }),
    ),
    scanned: z.int(),
    complete: z.boolean(),
    next_cursor: z.string().optional(),
    skipped: z.record(z.string(), z.int()),
  }),

  async run({ cursor, ...input }, { path, disk }: Context) {
    const asked = path(input.path);
    const question = ['find_files', input];
    const { entries, scanned, complete, next, skipped } = await disk.find(asked, {
      glob: input.glob,
      type: input.type,
      sort: input.sort,
      sizeMin: input.min_size,
      sizeMax: input.max_size ?? Infinity,
      modifiedAfter: input.modified_after === undefined ? 0 : Date.parse(input.modified_after),
      limit: input.limit,
      ignored: input.include_ignored,
      cursor: readCursor(cursor, question),
    });
    return {
      output: {
        entries: entries.map(({ steps, ...entry }) => ({ path: pathOf(asked, steps), ...entry })),
        scanned,
        complete,
        next_cursor: next === undefined ? undefined : writeCursor(question, next),
        skipped: skippedOf(skipped),
      },
    };
  },

  render({ entries, scanned, complete, next_cursor: next, skipped }) {
    return {
      summary: joinSentences(
        `Found: ${String(entries.length)}, among ${String(scanned)} entries.`,
        complete ? '' : 'The tree was not walked to its end.',
        next === undefined ? '' : `More with cursor ${next}.`,
        skippedText(skipped),
      ),
      data: entries.map(entryLine).join('\n'),
    };
  },
});
