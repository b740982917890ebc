import type { Scope } from '@secure-mcp/auth';
import { type SafeSchema, safeSchema } from '@secure-mcp/validation';
import * as z from 'zod';

import type { Annotations } from './annotations.ts';

/** Bytes beside the structured output: an image or a sound that a client can show. */
export interface Media {
  readonly type: 'image' | 'audio';
  readonly mimeType: string;
  /** Base64, or the bytes: they are encoded while they are written, and cost the least memory. */
  readonly data: string | Uint8Array;
}

export interface ToolResult<Output> {
  readonly output: Output;
  /** A function loads it when no other answer with media is under way: several would fill the memory. */
  readonly media?: readonly Media[] | (() => Promise<readonly Media[]>);
}

/**
 * The text of an answer, in two parts that never mix: what the server says, and what it found. The
 * second is wrapped in marks that the data cannot forge.
 */
export interface Rendering {
  readonly summary: string;
  readonly data?: string | readonly Found[];
}

/** One of several things that were found. */
export interface Found {
  /** What the server says of it, on one line. */
  readonly head: string;
  readonly text?: string | undefined;
}

export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject, Context> {
  /** `snake_case`, verb first. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What the caller's credential must grant. */
  readonly scope: Scope;
  readonly annotations: Annotations;
  /** A `z.strictObject`: an unknown field is refused. */
  readonly input: Input;
  /** A `z.strictObject`: a field that is not declared never leaves the server. */
  readonly output: Output;
  /** Fields of the output whose text was made visible name by name, such as paths. */
  readonly labels?: readonly string[];
  /**
   * Fields at the top of the output that only the text of the answer holds: a long text would cost
   * a caller twice. The output policy covers them, `render` sees them, and no client is told of them.
   */
  readonly textOnly?: readonly (keyof Output['shape'] & string)[];
  /** Guard, then adapter. The context is all that a tool is handed. */
  run(
    input: z.output<Input>,
    context: Context,
  ): ToolResult<z.input<Output>> | Promise<ToolResult<z.input<Output>>>;
  /** Words the answer. It sees the output after the output policy, so it cannot bring back what was taken out. */
  render(output: z.output<Output>): Rendering;
  /**
   * What a person is asked before a destructive tool runs: the exact effect, after a dry run of all
   * checks. Every tool that is annotated as destructive needs one.
   */
  effect?(input: z.output<Input>, context: Context): string | Promise<string>;
}

/** A tool whose types have been settled: what the path of a call works with. */
export interface Tool<Context> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scope: Scope;
  readonly annotations: Annotations;
  readonly input: SafeSchema<unknown, object>;
  readonly output: SafeSchema<unknown, object>;
  /** What a client is told of the output. */
  readonly listedOutput: SafeSchema<unknown, object>;
  readonly labels?: readonly string[];
  readonly textOnly: readonly string[];
  run(input: unknown, context: Context): ToolResult<unknown> | Promise<ToolResult<unknown>>;
  render(output: unknown): Rendering;
  effect?(input: unknown, context: Context): string | Promise<string>;
}

/** Defines a tool. Its schemas are converted once, whatever number of servers it is registered on. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject, Context>(
  definition: ToolDefinition<Input, Output, Context>,
): Tool<Context> {
  if (definition.annotations.destructiveHint && definition.effect === undefined) {
    throw new TypeError(`The destructive tool ${definition.name} does not say what it would do.`);
  }
  const { textOnly = [] } = definition;
  const output = safeSchema(definition.output);
  return {
    ...definition,
    input: safeSchema(definition.input),
    output,
    listedOutput:
      textOnly.length === 0 ? output : safeSchema(withoutFields(definition.output, textOnly)),
    textOnly,
  };
}

function withoutFields(schema: z.ZodObject, fields: readonly string[]): z.ZodObject {
  const kept = Object.entries(schema.shape).filter(([field]) => !fields.includes(field));
  return z.strictObject(Object.fromEntries(kept));
}
