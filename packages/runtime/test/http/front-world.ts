import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

import {
  type AuthInfo,
  createMcpHandler,
  hostHeaderValidationResponse,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  originValidationResponse,
  requireBearerAuth,
} from '@modelcontextprotocol/server';
import type { Verified } from '@secure-mcp/auth';
import {
  createAuthenticator,
  createDpopVerifier,
  createRevocations,
  hashApiKey,
  type KeyFile,
  mintApiKey,
  parseKeyFile,
} from '@secure-mcp/auth/network';
import type { AuditEvent, LogFields } from '@secure-mcp/logging';
import * as z from 'zod';

import type { Admitted, FrontParts, LiveRequests, ServeMcp } from '../../src/http/front-parts.ts';
import { createFront } from '../../src/http/front.ts';
import { createFrontLimits } from '../../src/http/limits.ts';
import type { FrontRules } from '../../src/http/rules.ts';
import { memoryStore } from '../../src/store/memory.ts';
import { requestText, type WireRequest } from './wire.ts';

const PATH = '/mcp';
const MANY = { calls: 1_000_000, seconds: 1 };

/** What a tool did: the oracle of these tests. */
interface Tool {
  /** The texts that it was called with. */
  readonly ran: string[];
  /** Calls whose signal has been aborted. */
  readonly ended: string[];
  readonly serve: (
    request: Request,
    options: { authInfo?: AuthInfo; parsedBody?: unknown },
  ) => Promise<Response>;
}

/** The SDK's own handler, with one tool that a test can see at work. */
function openTool(): Tool {
  const ran: string[] = [];
  const ended: string[] = [];
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'world', version: '1' });
    server.registerTool(
      'note',
      {
        inputSchema: z.strictObject({
          text: z.string(),
          wait: z.boolean().optional(),
          size: z.number().optional(),
        }),
      },
      async ({ text, wait, size }, { mcpReq: { signal } }) => {
        ran.push(text);
        if (wait === true)
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              ended.push(text);
              resolve();
            });
          });
        return {
          content: [
            { type: 'text', text: size === undefined ? `noted ${text}` : 'x'.repeat(size) },
          ],
        };
      },
    );
    return server;
  });
  return { ran, ended, serve: (request, options) => handler.fetch(request, options) };
}

export interface World extends Tool {
  readonly port: number;
  /** The key of the one caller. */
  readonly key: string;
  readonly server: Server;
  readonly records: AuditEvent[];
  readonly logged: { readonly message: string; readonly fields: LogFields | undefined }[];
  readonly answered: number[];
  readonly live: LiveRequests;
  readonly admitted: Admitted[];
  /** The text of a request that is served, with the changes of a test. */
  request(changes?: WireRequest): string;
  /** The text of a call of the tool. */
  call(text: string, changes?: WireRequest): string;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly rules?: Partial<FrontRules>;
  readonly parts?: Partial<FrontParts>;
  readonly server?: Server;
}

/** Our front before the SDK, on a real `node:http` server. */
export async function startWorld({
  rules = {},
  parts = {},
  server = createServer({ requireHostHeader: false }),
}: WorldOptions = {}): Promise<World> {
  const tool = openTool();
  const { text: key, file } = oneKey();
  const records: AuditEvent[] = [];
  const logged: World['logged'] = [];
  const answered: number[] = [];
  const admitted: Admitted[] = [];
  const hosts = new Set<string>();
  const store = memoryStore();
  const live = openLive();
  const log = (message: string, fields?: LogFields): void => void logged.push({ message, fields });
  const front = createFront({
    rules: {
      path: PATH,
      hosts,
      origins: new Set(['https://app.example']),
      addresses: { allow: undefined, proxies: undefined },
      bodyBytesMax: 262_144,
      bodyMs: 5000,
      secure: false,
      ...rules,
    },
    limits: createFrontLimits({
      store,
      addressRate: MANY,
      failureRate: MANY,
      messageRate: MANY,
      placesMax: 100,
    }),
    authenticator: createAuthenticator({
      verifiers: [],
      keys: () => file,
      dpop: createDpopVerifier({
        resource: `http://127.0.0.1${PATH}`,
        singleUse: store,
        now: Date.now,
      }),
      revocations: () => createRevocations([]),
      requireSenderConstrained: false,
      now: Date.now,
    }),
    challenges: {
      unauthorized: ({ kind }) => (kind === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"'),
      insufficientScope: (scopes) =>
        `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`,
    },
    documents: new Map([
      [
        '/healthz',
        () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' }),
      ],
      [
        '/.well-known/oauth-protected-resource',
        () => ({
          status: 200,
          headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
          body: '{"resource":"world"}',
        }),
      ],
    ]),
    serveMcp: serveBy(tool, admitted),
    live,
    isRevoked: () => false,
    metrics: { answered: (status) => void answered.push(status), refused: () => undefined },
    audit: { record: (event) => void records.push(event) },
    logger: { debug: log, info: log, warn: log, error: log, flush: async () => undefined },
    ...parts,
  });
  server.on('request', front).on('checkContinue', front);
  server.on('clientError', (_error, socket) => socket.destroy());
  const port = await listen(server);
  hosts.add(`127.0.0.1:${String(port)}`);
  return {
    ...tool,
    ...texts(port, key),
    port,
    key,
    server,
    records,
    logged,
    answered,
    admitted,
    live,
    async close() {
      await stop(server);
      await store.close();
    },
  };
}

function serveBy(tool: Tool, admitted: Admitted[]): ServeMcp {
  return async (one) => {
    admitted.push(one);
    const headers = new Headers([...one.headers]);
    const request = new Request('http://world/mcp', {
      method: 'POST',
      headers,
      signal: one.signal,
    });
    return tool.serve(request, { parsedBody: one.message });
  };
}

/** Live requests that end when a test says so. */
function openLive(): LiveRequests {
  const open = new Map<object, { readonly verified: Verified; end(reason: Error): void }>();
  return {
    open(verified, end) {
      const one = { verified, end };
      open.set(one, one);
      return () => void open.delete(one);
    },
    endWhere(isRevoked) {
      const revoked = [...open.values()].filter(({ verified }) => isRevoked(verified));
      for (const { end } of revoked) end(new Error('revoked'));
      return revoked.length;
    },
    get size() {
      return open.size;
    },
  };
}

function oneKey(): { readonly text: string; readonly file: KeyFile } {
  const { id, text } = mintApiKey();
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const sha256 = hashApiKey(text).toString('hex');
  const entry = { id, sha256, principal: 'ada', scopes: ['notes:write'], expiresAt };
  const parsed = parseKeyFile({ version: 1, keys: [entry] }, Date.now());
  if (!parsed.ok) throw new Error(parsed.problem);
  return { text, file: parsed.file };
}

export type Bare = Omit<World, 'records' | 'logged' | 'answered' | 'live' | 'admitted'>;

/**
 * The SDK's handler as its documentation mounts it: its own checks of `Host`, `Origin` and the bearer
 * token before it, a plain adapter behind `node:http`, and nothing else. What gets through here shows
 * that an attack of these tests is one.
 */
export async function startBare(): Promise<Bare> {
  const tool = openTool();
  const key = mintApiKey().text;
  const gate = requireBearerAuth({
    verifier: {
      async verifyAccessToken(token) {
        if (token !== key) throw new OAuthError(OAuthErrorCode.InvalidToken, 'no');
        return { token, clientId: 'ada', scopes: [], expiresAt: Date.now() / 1000 + 3600 };
      },
    },
  });
  const fetch = async (request: Request): Promise<Response> => {
    const names = ['127.0.0.1', 'localhost', 'app.example'];
    const rejected =
      hostHeaderValidationResponse(request, names) ?? originValidationResponse(request, names);
    if (rejected !== undefined) return rejected;
    const authInfo = await gate(request);
    return authInfo instanceof Response ? authInfo : tool.serve(request, { authInfo });
  };
  const server = createServer((request, response) => {
    void adapt(request, fetch).then(
      (answer) => put(answer, response),
      () => response.destroy(),
    );
  });
  const port = await listen(server);
  return { ...tool, ...texts(port, key), port, key, server, close: () => stop(server) };
}

async function adapt(
  request: IncomingMessage,
  fetch: (request: Request) => Promise<Response>,
): Promise<Response> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, [value].flat().join(', '));
  const { method = 'GET' } = request;
  const body = method === 'GET' || method === 'HEAD' ? null : Readable.toWeb(request);
  return fetch(new Request('http://world/mcp', { method, headers, body, duplex: 'half' }));
}

async function put(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, [...answer.headers].flat());
  response.end(Buffer.from(await answer.arrayBuffer()));
}

function texts(port: number, key: string): Pick<World, 'request' | 'call'> {
  const usual = {
    host: `127.0.0.1:${String(port)}`,
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  return {
    request: (changes = {}) => requestText(changes, usual),
    call: (text, changes = {}) => requestText({ body: callBody(text), ...changes }, usual),
  };
}

/** The message of a call of the tool, as a client of 2025 writes it. */
export function callBody(text: string, more: Readonly<Record<string, unknown>> = {}): string {
  const params = { name: 'note', arguments: { text, ...more } };
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
