/**
 * A server whose resources can be watched and whose tool needs a scope: once bare, as the SDK serves
 * it, and once behind our front and bridge.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  type AuthInfo,
  createMcpHandler,
  type McpHttpHandler,
  McpServer,
  requireScopes,
} from '@modelcontextprotocol/server';
import type { Policy, Verified } from '@secure-mcp/auth';
import { createChallenges } from '@secure-mcp/auth/network';
import * as z from 'zod';

import { createAuthorizer } from '../../src/http/authorize.ts';
import { type Bridge, createBridge } from '../../src/http/bridge.ts';
import { callerOf } from '../../src/http/callers.ts';
import { createLiveRequests } from '../../src/http/live-requests.ts';
import { heedRefusals } from '../../src/mcp/protocol-error.ts';
import { defineResource, defineTool, READS } from '../../src/index.ts';
import { startWorld, type World } from './front-world.ts';

export const PUBLIC = 'notes://public/today';
export const PRIVATE = 'private://salaries/ada';
const SCOPES = ['notes:read', 'private:read'];

/** What is in front of the clients, whoever serves it. */
export interface Watching {
  readonly url: string;
  /** Calls of the tool that ran. */
  readonly ran: string[];
  /** Says that a resource changed. */
  changed(uri: string): void;
  close(): Promise<void>;
}

/** `judged`: the SDK itself judges the scope, as its documentation has it. */
function serverOf(ran: string[], judged: boolean): McpServer {
  const server = new McpServer(
    { name: 'watching', version: '1' },
    { capabilities: { resources: { subscribe: true } } },
  );
  for (const uri of [PUBLIC, PRIVATE])
    server.registerResource(uri, uri, {}, () => ({ contents: [{ uri, text: 'text' }] }));
  server.registerTool(
    'pay',
    {
      inputSchema: z.strictObject({}),
      ...(judged && { scopeChallenge: requireScopes('private:read') }),
    },
    () => {
      ran.push('pay');
      return { content: [{ type: 'text', text: 'paid' }] };
    },
  );
  return server;
}

/** The SDK's handler alone. Whoever calls is what the test says, or nobody. */
export async function startBareWatching(authInfo?: AuthInfo): Promise<Watching> {
  const ran: string[] = [];
  const handler: McpHttpHandler = createMcpHandler(() => serverOf(ran, true));
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers))
        if (typeof value === 'string') headers.set(name, value);
      const body = Buffer.concat(chunks);
      const answer = await handler.fetch(
        new Request('http://bare/mcp', { method: 'POST', headers, body }),
        authInfo === undefined ? {} : { authInfo },
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.flushHeaders();
      if (answer.body !== null) for await (const piece of answer.body) response.write(piece);
      response.end();
    })();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${String(port)}/mcp`,
    ran,
    changed: (uri) => handler.notify.resourceUpdated(uri),
    async close() {
      await handler.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface Guarded extends Watching, Pick<World, 'records'> {
  readonly bridge: Bridge;
  /** Takes every credential of a caller away. */
  revoke(principal: string): void;
}

export interface GuardedOptions {
  /** What the one caller's token grants. */
  readonly scopes: readonly string[];
  readonly expiresAt?: number;
  readonly method?: Verified['method'];
  readonly policy?: Policy;
  readonly streamsMax?: number;
}

/** The same behind the front and the bridge. The caller's token has been verified by then. */
export async function startGuarded(options: GuardedOptions): Promise<Guarded> {
  const ran: string[] = [];
  const live = createLiveRequests();
  const records: World['records'] = [];
  const audit = { record: (event: World['records'][number]) => void records.push(event) };
  const quiet = () => undefined;
  const logger = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: quiet,
    flush: async () => undefined,
  };
  const challenges = createChallenges({
    resourceMetadataUrl: 'https://notes.example/.well-known/oauth-protected-resource/mcp',
    scopes: ['notes:read'],
    bearer: true,
    dpopAlgorithms: [],
  });
  const verified: Verified = {
    principal: { id: 'user:ada', kind: 'user', scopes: new Set(options.scopes), client: 'app' },
    method: options.method ?? 'jwt',
    expiresAt: options.expiresAt ?? Infinity,
  };
  const bridge = createBridge({
    build: (_caller, _delivery, onRefused) => heedRefusals(serverOf(ran, false), onRefused),
    callerOf: ({ address }) =>
      callerOf(verified, address, {
        policy: options.policy,
        ceiling: {
          scopes: SCOPES,
          limits: { rates: [], concurrency: 8, deadlineMs: 10_000, resultBytes: 65_536 },
          secrets: 'redact',
        },
      }),
    authorizer: createAuthorizer({ tools: [pay], resources, prompts: [] }),
    challenges,
    resource: new URL('https://notes.example/mcp'),
    streamsMax: options.streamsMax ?? 8,
    audit,
    logger,
  });
  const world = await startWorld({
    parts: {
      authenticator: { authenticate: async () => ({ ok: true, verified }) },
      serveMcp: bridge.serveMcp,
      challenges,
      live,
      audit,
    },
  });
  return {
    url: `http://127.0.0.1:${String(world.port)}/mcp`,
    ran,
    records,
    bridge,
    changed: (uri) => bridge.resourceUpdated(uri),
    revoke: (principal) => void live.endWhere((one) => one.principal.id === principal),
    async close() {
      await bridge.close();
      await world.close();
    },
  };
}

const nothing = z.strictObject({});
const pay = defineTool({
  name: 'pay',
  title: 'Pay',
  description: 'Pays.',
  scope: 'private:read',
  annotations: READS,
  input: nothing,
  output: nothing,
  run: () => ({ output: {} }),
  render: () => ({ summary: 'paid' }),
});

const resources = [
  family('notes', 'notes:', 'notes:read'),
  family('private', 'private:', 'private:read'),
];

function family(name: string, scheme: string, scope: 'notes:read' | 'private:read') {
  return defineResource({
    name,
    title: name,
    description: name,
    uriTemplate: `${scheme}//{+path}`,
    scheme,
    scope,
    list: () => [],
    mayWatch: (uri) => !uri.includes('/closed/'),
    read: async () => [],
    complete: async () => [],
  });
}
