import { randomBytes } from 'node:crypto';

import { createRequestStateCodec, McpServer } from '@modelcontextprotocol/server';

import { registerAskingTools, type Step } from './asking-tools.ts';
import { registerContentTools } from './content-tools.ts';
import { registerPrompts, registerResources } from './resources-and-prompts.ts';

const LIST = { ttlMs: 1000, cacheScope: 'private' } as const;

/** Makes what builds the server of everything that the scenarios of the suite call, get and read. */
export function createFixtures(): () => McpServer {
  const codec = createRequestStateCodec<Step>({ key: randomBytes(32) });
  return () => {
    const server = new McpServer(
      { name: 'fixtures', version: '1' },
      {
        capabilities: {
          logging: {},
          tools: { listChanged: false },
          prompts: { listChanged: false },
          resources: { listChanged: false, subscribe: true },
        },
        requestState: { verify: codec.verify },
        cacheHints: {
          'tools/list': LIST,
          'prompts/list': LIST,
          'resources/list': LIST,
          'resources/templates/list': LIST,
          'resources/read': LIST,
        },
      },
    );
    registerContentTools(server);
    registerAskingTools(server, codec);
    registerResources(server);
    registerPrompts(server);
    return server;
  };
}
