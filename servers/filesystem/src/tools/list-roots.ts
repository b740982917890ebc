import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Context } from './context.ts';

export const listRoots = defineTool({
  name: 'list_roots',
  title: 'List roots',
  description: 'Names the directories that can be read.',
  scope: 'files:read',
  annotations: READS,
  input: z.strictObject({}),
  output: z.strictObject({
    roots: z.array(z.strictObject({ name: z.string(), writable: z.boolean() })),
  }),

  run(_input, { rights }: Context) {
    return {
      output: {
        roots: rights.map(({ root }) => ({ name: root, writable: false })),
      },
    };
  },

  render({ roots }) {
    const lines = roots.map(({ name, writable }) => `${name}:${writable ? '' : '  read-only'}`);
    return { summary: ['Write paths as root:path. Roots:', ...lines].join('\n') };
  },
});
