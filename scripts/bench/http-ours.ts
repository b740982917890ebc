/** A server of ours with the same tools: the whole front, with everything that a request passes. */
import {
  commonOptions,
  defineServer,
  defineTool,
  lockSurface,
  READS,
  run,
} from '../../packages/runtime/src/index.ts';

import { DESCRIPTION, HEARD, SAID, TITLE, TOOL_NAMES } from './http-tools.ts';

const surface = {
  instructions: 'For measuring.',
  tools: TOOL_NAMES.map((name) =>
    defineTool({
      name,
      title: TITLE,
      description: DESCRIPTION,
      scope: 'bench:read',
      annotations: READS,
      input: HEARD,
      output: SAID,
      run: ({ text }, _context: object) => ({ output: { text } }),
      render: ({ text }) => ({ summary: 'said', data: text }),
    }),
  ),
  resources: [],
  prompts: [],
};

await run(
  defineServer({
    ...surface,
    identity: { name: 'bench', title: 'Bench', version: '1.0.0' },
    usage: '',
    options: commonOptions,
    lock: lockSurface(surface),
    open: async () => ({
      scopes: ['bench:read'],
      check: async () => ({ facts: [], warnings: [] }),
      contextOf: () => ({}),
      warnings: [],
      close: async () => true,
    }),
  }),
);
