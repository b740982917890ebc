import { setTimeout as wait } from 'node:timers/promises';

import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import * as z from 'zod';

import { PNG, textAnswer, WAV } from './answers.ts';

const NOTHING = z.strictObject({});
/** The suite wants steps that a client can tell apart. */
const STEP_MS = 50;

const IMAGE = { type: 'image', data: PNG, mimeType: 'image/png' } as const;

/** What the tools of the suite that only answer have to answer. */
const ANSWERS: Readonly<Record<string, CallToolResult>> = {
  test_simple_text: textAnswer('This is a simple text response for testing.'),
  test_image_content: { content: [IMAGE] },
  test_audio_content: { content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] },
  test_embedded_resource: {
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  },
  test_multiple_content_types: {
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      IMAGE,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: JSON.stringify({ test: 'data', value: 123 }),
        },
      },
    ],
  },
};

/** Tools that answer, report how far they are, or fail. */
export function registerContentTools(server: McpServer): void {
  for (const [name, answer] of Object.entries(ANSWERS))
    server.registerTool(name, { description: name, inputSchema: NOTHING }, () => answer);

  server.registerTool(
    'test_error_handling',
    { description: 'Fails, always.', inputSchema: NOTHING },
    () => {
      throw new Error('This tool intentionally returns an error for testing');
    },
  );
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Reports its progress.', inputSchema: NOTHING },
    async (_args, context) => {
      await report(context, 0);
      await wait(STEP_MS);
      await report(context, 50);
      await wait(STEP_MS);
      await report(context, 100);
      return textAnswer('done');
    },
  );
  // The first is for clients of 2025, the second for those after them.
  for (const name of ['test_tool_with_logging', 'test_logging_tool'])
    server.registerTool(name, { description: 'Logs.', inputSchema: NOTHING }, logThrice);
  server.registerTool(
    'test_custom_header',
    {
      description: 'Wants one of its parameters in a header, too.',
      inputSchema: z.strictObject({ region: z.string().meta({ 'x-mcp-header': 'Region' }) }),
    },
    ({ region }) => textAnswer(region),
  );
}

async function report({ mcpReq }: ServerContext, progress: number): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await mcpReq.notify({
    method: 'notifications/progress',
    params: { progressToken, progress, total: 100 },
  });
}

async function logThrice(_args: object, { mcpReq }: ServerContext): Promise<CallToolResult> {
  // The suite demands what the specification of today deprecates.
  // oxlint-disable-next-line typescript/no-deprecated
  const log = (text: string): Promise<void> => mcpReq.log('info', text);
  await log('Tool execution started');
  await wait(STEP_MS);
  await log('Tool processing data');
  await wait(STEP_MS);
  await log('Tool execution completed');
  return textAnswer('logged');
}
