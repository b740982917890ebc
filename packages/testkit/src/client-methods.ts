/** What all clients can do, the same for both SDKs and every transport. */

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
export interface ClientMethods {
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
}

interface RequestOptions {
  readonly timeout: number;
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { readonly progress: number }) => void;
}

interface ToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

interface Completion {
  readonly completion: { readonly values: readonly string[] };
}

/** What both SDKs' clients have in common. */
interface SdkClient {
  listTools(): Promise<{ readonly tools: readonly Readonly<Record<string, unknown>>[] }>;
  listResources(): Promise<{
    readonly resources: readonly { readonly uri: string; readonly name: string }[];
  }>;
  listResourceTemplates(): Promise<{
    readonly resourceTemplates: readonly { readonly uriTemplate: string }[];
  }>;
  readResource(params: {
    uri: string;
  }): Promise<{ readonly contents: readonly Readonly<Record<string, unknown>>[] }>;
  listPrompts(): Promise<{ readonly prompts: readonly { readonly name: string }[] }>;
  getPrompt(params: { name: string; arguments: Record<string, string> }): Promise<{
    readonly messages: readonly { readonly content: { readonly type: string } }[];
  }>;
  complete(params: {
    ref: { type: 'ref/resource'; uri: string } | { type: 'ref/prompt'; name: string };
    argument: { name: string; value: string };
    context?: { arguments: Record<string, string> };
  }): Promise<Completion>;
}

const CALL_MS = 30_000;

/** Makes the methods of one client. The two SDKs differ in how a tool is called only. */
export function methodsOf(
  client: SdkClient,
  callTool: (call: ToolCall, options: RequestOptions) => Promise<object>,
): ClientMethods {
  return {
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, call = {}) =>
      answerOf(await callTool({ name, arguments: { ...args } }, requestOptions(call))),
    listResources: async () => (await client.listResources()).resources,
    listTemplates: async () => (await client.listResourceTemplates()).resourceTemplates,
    read: async (uri) => (await client.readResource({ uri })).contents,
    complete: async (uri, name, value, known) =>
      valuesOf(
        await client.complete({
          ref: { type: 'ref/resource', uri },
          argument: { name, value },
          ...(known !== undefined && { context: { arguments: known } }),
        }),
      ),
    listPrompts: async () => (await client.listPrompts()).prompts,
    getPrompt: async (name, args = {}) =>
      (await client.getPrompt({ name, arguments: args })).messages.map(textOf).join('\n'),
    completePrompt: async (name, argument, value) =>
      valuesOf(
        await client.complete({
          ref: { type: 'ref/prompt', name },
          argument: { name: argument, value },
        }),
      ),
  };
}

function valuesOf({ completion: { values } }: Completion): readonly string[] {
  return values;
}

function textOf({ content }: { readonly content: { readonly type: string } }): string {
  return 'text' in content && typeof content.text === 'string' ? content.text : '';
}

function requestOptions({ signal, onProgress, timeoutMs = CALL_MS }: CallOptions): RequestOptions {
  return {
    timeout: timeoutMs,
    ...(signal !== undefined && { signal }),
    ...(onProgress !== undefined && {
      onprogress: ({ progress }: { progress: number }) => onProgress(progress),
    }),
  };
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
