import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as FirstStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

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

export interface ConnectOptions extends ServerCommand {
  /** Answers the server's questions. Without it the client does not declare that it can. */
  readonly onElicit?: (message: string) => Elicited;
}

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: number) => void;
  readonly timeoutMs?: number;
}

/** A tool's answer, as far as tests look at it. */
export interface Answer {
  readonly isError: boolean;
  /** All text blocks together. */
  readonly text: string;
  readonly structured: Readonly<Record<string, unknown>>;
  readonly blocks: readonly { readonly type: string }[];
  readonly meta: Readonly<Record<string, unknown>>;
}

/** One kind of client, reduced to what all of them can do. */
export interface TestClient {
  readonly kind: ClientKind;
  readonly pid: number;
  listTools(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  call(name: string, args?: object, options?: CallOptions): Promise<Answer>;
  listResources(): Promise<readonly { readonly uri: string; readonly name: string }[]>;
  listTemplates(): Promise<readonly { readonly uriTemplate: string }[]>;
  read(uri: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  listPrompts(): Promise<readonly { readonly name: string }[]>;
  /** The text of a prompt. */
  getPrompt(name: string, args?: Record<string, string>): Promise<string>;
  completePrompt(name: string, argument: string, value: string): Promise<readonly string[]>;
  complete(
    uriTemplate: string,
    variable: string,
    value: string,
    known?: Record<string, string>,
  ): Promise<readonly string[]>;
  /** Everything that the server wrote to stderr so far. */
  stderr(): string;
  close(): Promise<void>;
}

const IDENTITY = { name: 'secure-mcp-testkit', version: '1.0.0' };
const CALL_MS = 30_000;

/** Starts a server and connects a client to it. */
export async function connect(kind: ClientKind, options: ConnectOptions): Promise<TestClient> {
  return kind === 'v1 SDK' ? connectFirst(options) : connectCurrent(kind, options);
}

function processOptions({ command, args, env }: ConnectOptions) {
  return {
    command,
    args: [...args],
    stderr: 'pipe' as const,
    ...(env !== undefined && { env: { ...env } }),
  };
}

async function connectCurrent(kind: ClientKind, options: ConnectOptions): Promise<TestClient> {
  const { onElicit } = options;
  const client = new ModernClient(IDENTITY, {
    capabilities: onElicit === undefined ? {} : { elicitation: { form: {} } },
    ...(kind === 'v2 modern' && { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
  });
  if (onElicit !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) =>
      elicited(onElicit(params.message)),
    );
  }
  const transport = new ModernStdio(processOptions(options));
  const stderr = collect(transport.stderr);
  await client.connect(transport);
  return {
    kind,
    pid: transport.pid ?? 0,
    stderr,
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, call = {}) =>
      answerOf(await client.callTool({ name, arguments: { ...args } }, requestOptions(call))),
    listResources: async () => (await client.listResources()).resources,
    listTemplates: async () => (await client.listResourceTemplates()).resourceTemplates,
    read: async (uri) => (await client.readResource({ uri })).contents,
    complete: async (uri, name, value, known) =>
      (
        await client.complete({
          ref: { type: 'ref/resource', uri },
          argument: { name, value },
          ...(known !== undefined && { context: { arguments: known } }),
        })
      ).completion.values,
    listPrompts: async () => (await client.listPrompts()).prompts,
    getPrompt: async (name, args = {}) =>
      (await client.getPrompt({ name, arguments: args })).messages.map(textOf).join('\n'),
    completePrompt: async (name, argument, value) =>
      (
        await client.complete({
          ref: { type: 'ref/prompt', name },
          argument: { name: argument, value },
        })
      ).completion.values,
    close: () => client.close(),
  };
}

async function connectFirst(options: ConnectOptions): Promise<TestClient> {
  const { onElicit } = options;
  const client = new FirstClient(IDENTITY, {
    capabilities: onElicit === undefined ? {} : { elicitation: {} },
  });
  if (onElicit !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) =>
      elicited(onElicit(params.message)),
    );
  }
  const transport = new FirstStdio(processOptions(options));
  const stderr = collect(transport.stderr);
  await client.connect(transport);
  return {
    kind: 'v1 SDK',
    pid: transport.pid ?? 0,
    stderr,
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, call = {}) =>
      answerOf(
        await client.callTool({ name, arguments: { ...args } }, undefined, requestOptions(call)),
      ),
    listResources: async () => (await client.listResources()).resources,
    listTemplates: async () => (await client.listResourceTemplates()).resourceTemplates,
    read: async (uri) => (await client.readResource({ uri })).contents,
    complete: async (uri, name, value, known) =>
      (
        await client.complete({
          ref: { type: 'ref/resource', uri },
          argument: { name, value },
          ...(known !== undefined && { context: { arguments: known } }),
        })
      ).completion.values,
    listPrompts: async () => (await client.listPrompts()).prompts,
    getPrompt: async (name, args = {}) =>
      (await client.getPrompt({ name, arguments: args })).messages.map(textOf).join('\n'),
    completePrompt: async (name, argument, value) =>
      (
        await client.complete({
          ref: { type: 'ref/prompt', name },
          argument: { name: argument, value },
        })
      ).completion.values,
    close: () => client.close(),
  };
}

function textOf({ content }: { readonly content: { readonly type: string } }): string {
  return 'text' in content && typeof content.text === 'string' ? content.text : '';
}

function requestOptions({ signal, onProgress, timeoutMs = CALL_MS }: CallOptions) {
  return {
    timeout: timeoutMs,
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && {
      onprogress: ({ progress }: { progress: number }) => onProgress(progress),
    }),
  };
}

function elicited(answer: Elicited) {
  return answer.action === 'accept'
    ? { action: answer.action, content: { ...answer.content } }
    : answer;
}

function answerOf(result: object): Answer {
  const { content, isError, structuredContent, _meta } = fields(result);
  const blocks = Array.isArray(content) ? content.filter(isBlock) : [];
  const texts = blocks.flatMap((block) =>
    'text' in block && typeof block.text === 'string' ? [block.text] : [],
  );
  return {
    isError: isError === true,
    text: texts.join('\n'),
    structured: fields(structuredContent),
    blocks,
    meta: fields(_meta),
  };
}

function isBlock(value: unknown): value is { readonly type: string } {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
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
