import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { cursorText, readCursor, requestedPath, writeCursor } from '../guard/index.ts';
import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { entryLine, joinSentences, pathOf, skippedOf, skippedText } from './words.ts';

export const listDirectory = defineTool({
  name: 'list_directory',
  title: 'List directory',
  description:
    'Lists a directory, or a tree down to a depth, in pages. Links are shown, not followed.',
  scope: 'files:read',
  annotations: READS,
  labels: ['path'],
  input: z.strictObject({
    path: requestedPath.default('.'),
    depth: z.int().min(1).max(8).default(1),
    limit: z.int().min(1).max(LIMITS.entriesMax).default(LIMITS.entriesDefault),
    details: z.boolean().default(false).describe('Size and time of each entry.'),
    include_ignored: z.boolean().default(false).describe('Enter ignored directories.'),
    cursor: cursorText.optional(),
  }),
  output: z.strictObject({
    entries: z.array(
      z.strictObject({
        path: z.string(),
        type: z.enum(['file', 'directory', 'link', 'other']),
        size: z.int().optional(),
        mtime: z.string().optional(),
        denied: z.boolean().optional(),
        closed: z.enum(['depth', 'ignored']).optional(),
      }),
    ),
    sorted: z.boolean(),
    next_cursor: z.string().optional(),
    skipped: z.record(z.string(), z.int()),
  }),

  async run({ cursor, ...input }, { path, disk }: Context) {
    const asked = path(input.path);
    const question = ['list_directory', input];
    const { entries, sorted, next, skipped } = await disk.list(asked, {
      prefix: undefined,
      depth: input.depth,
      limit: input.limit,
      details: input.details,
      ignored: input.include_ignored,
      cursor: readCursor(cursor, question),
    });
    return {
      output: {
        entries: entries.map(({ steps, ...entry }) => ({ path: pathOf(asked, steps), ...entry })),
        sorted,
        next_cursor: next === undefined ? undefined : writeCursor(question, next),
        skipped: skippedOf(skipped),
      },
    };
  },

  render({ entries, sorted, next_cursor: next, skipped }) {
    return {
      summary: joinSentences(
        `Entries: ${String(entries.length)}.`,
        sorted ? '' : 'In the directory’s own order.',
        next === undefined ? '' : `More with cursor ${next}.`,
        skippedText(skipped),
      ),
      data: entries.map(entryLine).join('\n'),
    };
  },
});
