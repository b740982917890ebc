import {
  CLIENT_INFO_META_KEY,
  McpServer,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import type { AuditedRequest } from '@secure-mcp/logging';
import { Refusal, toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import type { Application } from '../application.ts';
import type { Caller, Operation, Request, Rights } from '../call/dispatch.ts';
import type { Resource, ResourceContent } from '../resource.ts';
import type { Delivery, LongData } from './delivery.ts';
import type { ListedPrompt, ListedTemplate, ListedTool } from './lock.ts';
import { progressReporter } from './progress.ts';
import { ourData } from './protocol-error.ts';
import { completeArgumentOperation, mayPrompt, promptOperation } from './prompt-operation.ts';
import { completeOperation, listOperation, mayRead, readOperation } from './resource-operation.ts';
import { mayUse, refusedAnswer, toolOperation } from './tool-operation.ts';

/** A list changes only with a restart; a filtered list belongs to one caller. */
const LIST_HINT = { ttlMs: 60_000, cacheScope: 'private' } as const;

/**
 * Builds the SDK's server for one caller: the only place that sees it.
 *
 * Our own handlers take the place of `registerTool`. The SDK would otherwise answer schema errors
 * and unknown names before anyone could record them, send the message of a thrown error to the
 * client, and build every schema again for each request.
 */
export function buildMcpServer<Context>(
  app: Application<Context>,
  caller: Caller,
  delivery: Delivery,
): McpServer {
  const { identity, resources, prompts } = app;
  const mcp = new McpServer(
    { name: identity.name, title: identity.title, version: identity.version },
    {
      instructions: app.lock.instructions,
      ...(app.confirmations && { requestState: { verify: app.confirmations.codec.verify } }),
      cacheHints: {
        'tools/list': LIST_HINT,
        'resources/list': LIST_HINT,
        'prompts/list': LIST_HINT,
        'resources/templates/list': LIST_HINT,
      },
    },
  );
  const served: Served<Context> = { app, caller, mcp, delivery };
  mcp.server.registerCapabilities({ tools: { listChanged: false } });
  registerTools(served);
  if (resources.length > 0) registerResources(served);
  if (prompts.length > 0) registerPrompts(served);
  if (resources.length > 0 || prompts.length > 0) registerCompletion(served);
  mcp.server.onerror = (error) => app.logger.debug('protocol error', { error });
  return mcp;
}

interface Served<Context> {
  readonly app: Application<Context>;
  readonly caller: Caller;
  readonly mcp: McpServer;
  readonly delivery: Delivery;
}

/** What every kind of request needs, whatever its tools are handed. */
interface Calls {
  readonly app: Pick<Application<never>, 'dispatch' | 'assertReviewed'>;
  readonly caller: Caller;
  readonly mcp: McpServer;
  readonly delivery: Delivery;
}

function registerTools<Context>(served: Served<Context>): void {
  const { app, caller, mcp, delivery } = served;
  const { confirmations, contextOf, describeArguments } = app;
  const usable = (): ReadonlySet<string> => {
    const rights = inReach(caller);
    return new Set(app.tools.filter((tool) => mayUse(tool, rights)).map(nameOf));
  };

  mcp.server.setRequestHandler('tools/list', async (_request, context) => {
    // The reviewed text itself, filtered to what this caller may use.
    const list = async () => {
      const names = usable();
      return app.lock.tools.filter(({ name }) => names.has(name)).map(wireTool);
    };
    return { tools: await performListing(served, 'tool.list', 'tools/list', context, list) };
  });

  mcp.server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = app.tools.find(({ name }) => name === params.name);
    const parts = {
      tool,
      args: params.arguments,
      context,
      contextOf,
      confirmations,
      describeArguments,
      enclose: (data: LongData) => delivery.enclose(context.mcpReq.id, data),
    };
    const audited = tool === undefined ? {} : { name: tool.name };
    try {
      const operation = toolOperation(parts);
      return await perform(served, operation, { method: 'tools/call', ...audited }, context);
    } catch (error) {
      return refusedAnswer(asRefusal(error));
    }
  });
}

function registerResources<Context>(served: Served<Context>): void {
  const { app, caller, mcp } = served;
  const { contextOf } = app;
  const readable = (resource: Resource<Context>): boolean => mayRead(resource, caller);
  const templates = (): ListedTemplate[] => {
    const rights = inReach(caller);
    const names = new Set(app.resources.filter((family) => mayRead(family, rights)).map(nameOf));
    return app.lock.resources.filter(({ name }) => names.has(name));
  };
  mcp.server.registerCapabilities({ resources: { listChanged: false } });

  mcp.server.setRequestHandler('resources/list', async (_request, context) => {
    const operation = listOperation(app.resources, contextOf, readable);
    const listed = await performOrThrow(served, operation, { method: 'resources/list' }, context);
    return { resources: listed.map((resource) => ({ ...resource })) };
  });

  mcp.server.setRequestHandler('resources/templates/list', async (_request, context) => {
    const method = 'resources/templates/list';
    const list = async () => templates().map((template) => ({ ...template }));
    return {
      resourceTemplates: await performListing(served, 'resource.list', method, context, list),
    };
  });

  mcp.server.setRequestHandler('resources/read', async ({ params }, context) => {
    const resource = app.resources.find(
      (family) => params.uri.startsWith(family.scheme) && family.matches?.(params.uri) !== false,
    );
    const operation = readOperation({ resource, contextOf }, params.uri);
    const audited = { method: 'resources/read', ...(resource && { name: resource.name }) };
    const contents = await performOrThrow(served, operation, audited, context);
    return { contents: contents.map(wireContent) };
  });
}

function registerPrompts<Context>(served: Served<Context>): void {
  const { app, caller, mcp } = served;
  const usable = (): ReadonlySet<string> => {
    const rights = inReach(caller);
    return new Set(app.prompts.filter((prompt) => mayPrompt(prompt, rights)).map(nameOf));
  };
  mcp.server.registerCapabilities({ prompts: { listChanged: false } });

  mcp.server.setRequestHandler('prompts/list', async (_request, context) => {
    const list = async () => {
      const names = usable();
      return app.lock.prompts.filter(({ name }) => names.has(name)).map(wirePrompt);
    };
    return { prompts: await performListing(served, 'prompt.list', 'prompts/list', context, list) };
  });

  mcp.server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const prompt = app.prompts.find(({ name }) => name === params.name);
    const operation = promptOperation(prompt, params.arguments ?? {});
    const audited = { method: 'prompts/get', ...(prompt && { name: prompt.name }) };
    const text = await performOrThrow(served, operation, audited, context);
    return { messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }] };
  });
}

function registerCompletion<Context>(served: Served<Context>): void {
  served.mcp.server.registerCapabilities({ completions: {} });
  served.mcp.server.setRequestHandler('completion/complete', async ({ params }, context) => {
    const { ref, argument } = params;
    const known = params.context?.arguments ?? {};
    const { operation, name } =
      ref.type === 'ref/prompt'
        ? completionOfPrompt(served, ref.name, argument)
        : completionOfResource(served, ref.uri, argument, known);
    const audited = { method: 'completion/complete', ...(name !== undefined && { name }) };
    return {
      completion: { values: [...(await performOrThrow(served, operation, audited, context))] },
    };
  });
}

interface Completed {
  readonly name: string;
  readonly value: string;
}

function completionOfPrompt<Context>(
  { app: { prompts, contextOf } }: Served<Context>,
  name: string,
  argument: Completed,
) {
  const prompt = prompts.find((candidate) => candidate.name === name);
  const operation = completeArgumentOperation({ prompt, contextOf }, argument.name, argument.value);
  return { operation, name: prompt?.name };
}

function completionOfResource<Context>(
  { app: { resources, contextOf } }: Served<Context>,
  uri: string,
  argument: Completed,
  known: Readonly<Record<string, string>>,
) {
  const resource = resources.find(({ uriTemplate }) => uriTemplate === uri);
  const request = { variable: argument.name, value: argument.value, known };
  return { operation: completeOperation({ resource, contextOf }, request), name: resource?.name };
}

/**
 * What a caller may use, or could after asking its authorization server for more: a tool that no list
 * shows is one that nobody ever steps up for.
 */
function inReach({ principal, grant, reach }: Caller): Rights {
  return { principal: { ...principal, scopes: reach ?? principal.scopes }, grant };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** A label is text on the wire. */
function wireContent(content: ResourceContent) {
  if (!('label' in content)) return { ...content };
  const { label, ...rest } = content;
  return { ...rest, text: label };
}

/** Every schema of a tool is an object; the JSON file only knows that its type is a string. */
function wireTool({ inputSchema, outputSchema, ...tool }: ListedTool): Tool {
  return {
    ...tool,
    inputSchema: { ...inputSchema, type: 'object' },
    outputSchema: { ...outputSchema, type: 'object' },
  };
}

/** The lock is constant data; the protocol's types want their own lists. */
function wirePrompt({ arguments: listed, ...prompt }: ListedPrompt) {
  return { ...prompt, arguments: listed.map((argument) => ({ ...argument })) };
}

/** A listing is a call like any other: counted, limited and recorded. */
function performListing<Item>(
  served: Calls,
  event: 'tool.list' | 'resource.list' | 'prompt.list',
  method: string,
  context: ServerContext,
  list: () => Promise<Item[]>,
): Promise<Item[]> {
  const operation: Operation<undefined, Item[], Item[]> = {
    event,
    unknown: 'tool.unknown',
    barred: () => undefined,
    parse: () => undefined,
    run: list,
    shape: (items) => ({ answer: items, output: { bytes: 0, redacted: 0, escaped: 0 } }),
  };
  return performOrThrow(served, operation, { method }, context);
}

async function perform<Input, Result, Answer>(
  { app, caller, mcp, delivery }: Calls,
  operation: Operation<Input, Result, Answer>,
  audited: AuditedRequest,
  context: ServerContext,
): Promise<Answer> {
  app.assertReviewed();
  const request: Request = {
    audited: { ...audited, ...clientOf(mcp, context) },
    signal: context.mcpReq.signal,
    progress: progressReporter(context),
    whenTaken: (then) => delivery.whenTaken(context.mcpReq.id, then),
  };
  return app.dispatch.perform(operation, caller, request);
}

async function performOrThrow<Input, Result, Answer>(
  served: Calls,
  operation: Operation<Input, Result, Answer>,
  audited: AuditedRequest,
  context: ServerContext,
): Promise<Answer> {
  try {
    return await perform(served, operation, audited, context);
  } catch (error) {
    const { code, message, retryAfterMs } = asRefusal(error);
    throw new ProtocolError(
      OURS.test(code) ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams,
      `${code}: ${message}`,
      ourData({ code, ...(retryAfterMs !== undefined && { retryAfterMs }) }),
    );
  }
}

/** Refusals that say nothing of the request: the same one can succeed later, or elsewhere. */
const OURS = /^(?:internal$|audit\.|limit\.(?:rate|busy|deadline)$|server\.)/;

/** The path of a call rejects with refusals only; anything else is a fault of this file and says nothing. */
function asRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('internal', 'Internal error.');
}

/** What a 2026-era request says of its client. The SDK has checked the envelope, but gives it no type. */
const ENVELOPE = z.object({
  [CLIENT_INFO_META_KEY]: z.object({ name: z.string(), version: z.string() }).optional(),
  [PROTOCOL_VERSION_META_KEY]: z.string().optional(),
});

/** How the client names itself. It is the client's text, so it is escaped and cut for the trail. */
function clientOf({ server }: McpServer, { mcpReq }: ServerContext): Partial<AuditedRequest> {
  const envelope = ENVELOPE.safeParse(mcpReq.envelope ?? {}).data;
  // A 2025-era client names itself and its revision once, and the SDK keeps both here only.
  // oxlint-disable-next-line typescript/no-deprecated
  const info = envelope?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion();
  // oxlint-disable-next-line typescript/no-deprecated
  const negotiated = server.getNegotiatedProtocolVersion();
  const version = envelope?.[PROTOCOL_VERSION_META_KEY] ?? negotiated;
  return {
    ...(info !== undefined && { client: shortName(`${info.name} ${info.version}`) }),
    ...(version !== undefined && { protocol_version: shortName(version) }),
  };
}

function shortName(text: string): string {
  return toVisibleName(text.slice(0, 128));
}
