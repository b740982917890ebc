import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';

export const listRoots = defineTool({
  name: 'list_roots',
  title: 'List roots',
  description: 'Names the directories that can be read, and the limits of one call.',
  scope: 'files:read',
  annotations: READS,
  input: z.strictObject({}),
  output: z.strictObject({
    roots: z.array(z.strictObject({ name: z.string(), writable: z.boolean() })),
    max_bytes: z.int(),
    max_lines: z.int(),
    max_entries: z.int(),
  }),

  run(_input, { rights }: Context) {
    return {
      output: {
        roots: rights.map(({ root }) => ({ name: root, writable: false })),
        max_bytes: LIMITS.readBytesMax,
        max_lines: LIMITS.linesMax,
        max_entries: LIMITS.entriesMax,
      },
    };
  },

  render({ roots }) {
    const lines = roots.map(({ name, writable }) => `${name}:${writable ? '' : '  read-only'}`);
    return { summary: ['Write paths as root:path. Roots:', ...lines].join('\n') };
  },
});
