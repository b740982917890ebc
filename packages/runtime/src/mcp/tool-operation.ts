import type {
  CallToolResult,
  ContentBlock,
  InputRequiredResult,
  ServerContext,
} from '@modelcontextprotocol/server';
import { covers } from '@secure-mcp/auth';
import type { AuditedOutput } from '@secure-mcp/logging';
import type { Refusal } from '@secure-mcp/validation';

import type { Call } from '../call/call.ts';
import type { Confirmations } from '../call/confirm.ts';
import type { DescribeArguments } from '../call/describe-args.ts';
import type { Caller, Operation, Rights } from '../call/dispatch.ts';
import { markUntrusted } from '../call/mark.ts';
import { shapeOutput } from '../call/shape.ts';
import { refuse } from '../refusals.ts';
import type { Media, Rendering, Tool, ToolResult } from '../tool.ts';
import { whyBarred } from './barred.ts';
import type { LongData } from './delivery.ts';

/** 5 MiB as base64: media is shown, not read as text, so it has a ceiling of its own. */
const MEDIA_BYTES_MAX = 7_340_032;

export type ToolAnswer = CallToolResult | InputRequiredResult;

type Enclose = (data: LongData) => string;

export interface ToolOperationParts<Context> {
  readonly tool: Tool<Context> | undefined;
  readonly args: unknown;
  readonly context: ServerContext;
  readonly contextOf: (call: Call) => Context;
  readonly confirmations: Confirmations | undefined;
  readonly describeArguments: DescribeArguments;
  /** Keeps a long text for the answer, and gives what stands for it until then. */
  readonly enclose: Enclose;
}

/** True when scope and policy let a caller use a tool. */
export function mayUse<Context>(tool: Tool<Context>, { principal, grant }: Rights): boolean {
  return covers(principal.scopes, tool.scope) && grant.allowsTool(tool.name);
}

/** A `tools/call` as an operation. A name that we do not know becomes one that nobody may use. */
export function toolOperation<Context>({
  tool,
  args,
  context,
  contextOf,
  confirmations,
  describeArguments,
  enclose,
}: ToolOperationParts<Context>): Operation<unknown, ToolResult<unknown>, ToolAnswer> {
  const base = { event: 'tool.call', unknown: 'tool.unknown' } as const;
  if (tool === undefined) {
    const never = (): never => refuse('tool.unknown');
    const barred = (): string => 'no such tool';
    return { ...base, barred, parse: never, run: async () => never(), shape: never };
  }
  const { effect } = tool;
  return {
    ...base,
    barred: (caller) => whyBarred('tool', tool, caller, mayUse),
    describeArgs: () => describeArguments(args, tool.input.json('input')),
    parse() {
      const parsed = tool.input.parse(args ?? {});
      return parsed.ok ? parsed.value : refuse('input.invalid', { hint: parsed.issues.join('; ') });
    },
    ...(effect !== undefined && {
      async confirm(input: unknown, call: Call) {
        if (confirmations === undefined) return refuse('call.confirmation_unavailable');
        const described = await effect(input, contextOf(call));
        return confirmations.ask({
          tool: tool.name,
          args: input,
          effect: described,
          call,
          context,
        });
      },
    }),
    run: async (input, call) => tool.run(input, contextOf(call)),
    rest: restOf,
    changes: !tool.annotations.readOnlyHint,
    shape: (result, caller, hidden) => shapeAnswer({ tool, enclose }, result, caller, hidden),
  };
}

/** Media is large, whether it is here already or not. */
function restOf({
  output,
  media = [],
}: ToolResult<unknown>): (() => Promise<ToolResult<unknown>>) | undefined {
  if (typeof media === 'function') return async () => ({ output, media: await media() });
  return media.length === 0 ? undefined : async () => ({ output, media });
}

function shapeAnswer<Context>(
  { tool, enclose }: { readonly tool: Tool<Context>; readonly enclose: Enclose },
  { output, media: loaded = [] }: ToolResult<unknown>,
  { secrets, limits }: Caller,
  hidden: number,
): { answer: CallToolResult; output: AuditedOutput } {
  const parsed = tool.output.parse(output);
  // The field's name is ours and safe to log; the value stays out of the message.
  if (!parsed.ok)
    throw new Error(`${tool.name} broke its output schema: ${parsed.issues.join('; ')}`);
  const { labels = [] } = tool;
  const { value, redacted, escaped } = shapeOutput(parsed.value, {
    secrets,
    bytesMax: limits.resultBytes,
    isLabel: (field) => labels.includes(field),
  });
  const media = typeof loaded === 'function' ? [] : loaded;
  const mediaBytes = media.reduce((sum, { data }) => sum + base64Length(data), 0);
  if (mediaBytes > MEDIA_BYTES_MAX) refuse('limit.result');
  const text = textOf(tool.render(value), { redacted: redacted + hidden, escaped });
  const structuredContent = structureOf(value, tool.textOnly);
  // Measured as it leaves: the text says again what the structure says, and JSON escapes both.
  const bytes = Buffer.byteLength(JSON.stringify([text, structuredContent]));
  if (bytes > limits.resultBytes) refuse('limit.result');
  const blocks = media.map((medium) => mediaBlock(medium, enclose));
  return {
    answer: { content: [{ type: 'text', text }, ...blocks], structuredContent },
    output: { bytes: bytes + mediaBytes, redacted: redacted + hidden, escaped },
  };
}

/** The answer as data, without what only its text holds. */
function structureOf(value: object, textOnly: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([field]) => !textOnly.includes(field)));
}

function textOf(
  { summary, data }: Rendering,
  { redacted, escaped }: Pick<AuditedOutput, 'redacted' | 'escaped'>,
): string {
  const notes = [
    redacted > 0 ? `Secrets redacted: ${String(redacted)}.` : '',
    escaped > 0 ? `Hidden characters shown as \\u{…}: ${String(escaped)}.` : '',
  ].filter((note) => note !== '');
  return [summary, ...notes, ...foundOf(data)].join('\n');
}

/** What was found, each piece between marks of its own; what the server says of a piece stands before them. */
function foundOf(data: Rendering['data']): readonly string[] {
  if (data === undefined) return [];
  if (typeof data === 'string') return data === '' ? [] : [markUntrusted(data)];
  return data.flatMap(({ head, text }) => [
    head,
    ...(text === undefined ? [] : [markUntrusted(text)]),
  ]);
}

/** Characters of data as base64. */
function base64Length(data: LongData): number {
  return typeof data === 'string' ? data.length : Math.ceil(data.length / 3) * 4;
}

function mediaBlock({ type, mimeType, data }: Media, enclose: Enclose): ContentBlock {
  return { type, mimeType, data: enclose(data) };
}

/** A refusal as a tool's answer: the model reads it, and a program finds the code beside it. */
export function refusedAnswer({ code, message, retryAfterMs }: Refusal): CallToolResult {
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  return {
    isError: true,
    content: [{ type: 'text', text: `${code}: ${message}` }],
    _meta: { 'secure-mcp/refusal': { code, ...retry } },
  };
}
