/** The SDK's own handler behind `node:http`, and nothing else: what the front is measured beside. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';

import { DESCRIPTION, HEARD, SAID, TITLE, TOOL_NAMES } from './http-tools.ts';

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' });
  for (const name of TOOL_NAMES)
    server.registerTool(
      name,
      { title: TITLE, description: DESCRIPTION, inputSchema: HEARD, outputSchema: SAID },
      ({ text }) => ({ content: [{ type: 'text', text }], structuredContent: { text } }),
    );
  return server;
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const headers = new Headers();
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2)
    headers.append(request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? '');
  const url = `http://127.0.0.1${request.url ?? ''}`;
  const body = Buffer.concat(chunks);
  const answered = await handler.fetch(new Request(url, { method: 'POST', headers, body }));
  const bytes = new Uint8Array(await answered.arrayBuffer());
  response.writeHead(answered.status, {
    ...Object.fromEntries(answered.headers),
    'content-length': bytes.length,
  });
  response.end(bytes);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stderr.write(`serving http://127.0.0.1:${String(port)}/mcp\n`);
});
