import { setTimeout as sleep } from 'node:timers/promises';

import {
  type AuthProvider,
  Client as CurrentClient,
  type OAuthClientProvider,
  StreamableHTTPClientTransport as CurrentHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as CurrentStdio } from '@modelcontextprotocol/client/stdio';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as FirstStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as FirstHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { type ClientMethods, methodsOf } from './client-methods.ts';

export type { Answer } from './client-methods.ts';

/** The clients that a server meets: the 2025-era SDK, and the current SDK speaking either revision. */
export const CLIENTS = ['v1 SDK', 'v2 legacy', 'v2 modern'] as const;
export type ClientKind = (typeof CLIENTS)[number];

/** How to start a server. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A person's answer to a server's question. */
type Elicited =
  | { readonly action: 'accept'; readonly content: Readonly<Record<string, boolean>> }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' };

interface Answering {
  /** Answers the server's questions. Without it the client does not declare that it can. */
  readonly onElicit?: (message: string) => Elicited;
}

export interface ConnectOptions extends ServerCommand, Answering {}

/** Where a server is, and how the client proves who it is. */
export interface HttpConnectOptions extends Answering {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Gets tokens as the SDK's own client does: by discovery, consent and step-up. The current SDK only. */
  readonly authProvider?: AuthProvider | OAuthClientProvider;
  /** Carries the requests, where the server wants a certificate or a proof with each. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A client of a server on a network. */
export interface HttpClient extends ClientMethods {
  readonly kind: ClientKind;
  close(): Promise<void>;
}

/** A client with a server process of its own. */
export interface TestClient extends ClientMethods {
  readonly kind: ClientKind;
  readonly pid: number;
  /** Everything that the server wrote to stderr so far. */
  stderr(): string;
  close(): Promise<void>;
}

/** Clients hand on next to nothing of their environment. This one spares each server its compiling. */
const CACHE = process.env['NODE_COMPILE_CACHE'];
const COMPILED = CACHE === undefined ? {} : { NODE_COMPILE_CACHE: CACHE };

const LAST_WORDS_MS = 200;

const IDENTITY = { name: 'secure-mcp-testkit', version: '1.0.0' };

/** Starts a server and connects a client to it. */
export async function connect(kind: ClientKind, options: ConnectOptions): Promise<TestClient> {
  const { command, args, env } = options;
  const how = {
    command,
    args: [...args],
    stderr: 'pipe' as const,
    env: { ...COMPILED, ...env },
  };
  if (kind === 'v1 SDK') {
    const transport = new FirstStdio(how);
    const stderr = collect(transport.stderr);
    const client = firstClient(options);
    await connected(client.connect(transport), stderr);
    return {
      ...firstMethods(client),
      kind,
      pid: transport.pid ?? 0,
      stderr,
      close: () => client.close(),
    };
  }
  const transport = new CurrentStdio(how);
  const stderr = collect(transport.stderr);
  const client = currentClient(kind, options);
  await connected(client.connect(transport), stderr);
  return {
    ...currentMethods(client),
    kind,
    pid: transport.pid ?? 0,
    stderr,
    close: () => client.close(),
  };
}

/** Why a server ended instead is what it said itself. */
async function connected(connecting: Promise<void>, stderr: () => string): Promise<void> {
  try {
    await connecting;
  } catch (error) {
    // Its last words may still be on their way.
    await sleep(LAST_WORDS_MS);
    const said = stderr().slice(-2000);
    throw new Error(`${String(error)}; the server said: ${said}`, { cause: error });
  }
}

/** Connects a client to a server on a network. */
export async function connectHttp(
  kind: ClientKind,
  options: HttpConnectOptions,
): Promise<HttpClient> {
  const { url, headers, authProvider, fetch } = options;
  const how = {
    ...(headers !== undefined && { requestInit: { headers: { ...headers } } }),
    ...(fetch !== undefined && { fetch }),
  };
  if (kind === 'v1 SDK') {
    const client = firstClient(options);
    await client.connect(new FirstHttp(url, how));
    return { ...firstMethods(client), kind, close: () => client.close() };
  }
  const client = currentClient(kind, options);
  await client.connect(
    new CurrentHttp(url, { ...how, ...(authProvider !== undefined && { authProvider }) }),
  );
  return { ...currentMethods(client), kind, close: () => client.close() };
}

function currentClient(kind: ClientKind, { onElicit }: Answering): CurrentClient {
  const client = new CurrentClient(IDENTITY, {
    capabilities: onElicit === undefined ? {} : { elicitation: { form: {} } },
    ...(kind === 'v2 modern' && { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
  });
  if (onElicit !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) =>
      elicited(onElicit(params.message)),
    );
  }
  return client;
}

function firstClient({ onElicit }: Answering): FirstClient {
  const client = new FirstClient(IDENTITY, {
    capabilities: onElicit === undefined ? {} : { elicitation: {} },
  });
  if (onElicit !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) =>
      elicited(onElicit(params.message)),
    );
  }
  return client;
}

function currentMethods(client: CurrentClient): ClientMethods {
  return methodsOf(client, (call, options) => client.callTool(call, options));
}

function firstMethods(client: FirstClient): ClientMethods {
  return methodsOf(client, (call, options) => client.callTool(call, undefined, options));
}

function elicited(answer: Elicited) {
  return answer.action === 'accept'
    ? { action: answer.action, content: { ...answer.content } }
    : answer;
}

/** A client that never reads stderr would stop a server that blocks on it; this one reads, and keeps it. */
function collect(stream: object | null): () => string {
  const chunks: string[] = [];
  if (isReadable(stream)) stream.on('data', (chunk: unknown) => void chunks.push(String(chunk)));
  return () => chunks.join('');
}

function isReadable(stream: object | null): stream is NodeJS.ReadableStream {
  return stream !== null && 'on' in stream;
}
