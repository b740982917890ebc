import type { JsonSchema } from '@secure-mcp/validation';

import type { Prompt } from '../prompt.ts';
import type { Resource } from '../resource.ts';
import type { Tool } from '../tool.ts';
import { digest } from './digest.ts';

/**
 * Everything that a model is told by a server, as `tools.lock.json` holds it: reviewed as a diff when
 * it changes, and served word for word.
 *
 * A description is an instruction to the model. A dependency that rewrites one at run time, or a
 * release that changes one unseen, is a known attack (tool poisoning, "rug pull"). What is served
 * here is data that was reviewed, so neither has anything to rewrite.
 */
export interface ToolsLock {
  /** SHA-256 over the canonical JSON of the rest. */
  readonly digest: string;
  readonly instructions: string;
  readonly tools: readonly ListedTool[];
  readonly resources: readonly ListedTemplate[];
  readonly prompts: readonly ListedPrompt[];
}

/** A tool as a client sees it in `tools/list`. */
export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: ListedSchema;
  readonly outputSchema: ListedSchema;
  readonly annotations: { [hint: string]: boolean };
}

type ListedSchema = JsonSchema & { type: string };

/** A resource family as a client sees it in `resources/templates/list`. */
export interface ListedTemplate {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly uriTemplate: string;
}

/** A prompt as a client sees it in `prompts/list`. */
export interface ListedPrompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly description: string;
    readonly required: boolean;
  }[];
}

export interface Surface<Context> {
  readonly instructions: string;
  readonly tools: readonly Tool<Context>[];
  readonly resources: readonly Resource<Context>[];
  readonly prompts: readonly Prompt<Context>[];
}

/** Makes the lock of a server from its source. */
export function lockSurface<Context>({
  instructions,
  tools,
  resources,
  prompts,
}: Surface<Context>): ToolsLock {
  const told = {
    instructions,
    tools: tools.map(listedTool),
    resources: resources.map(listedTemplate),
    prompts: prompts.map(listedPrompt),
  };
  return { digest: digest(told), ...told };
}

/** The digest of what a lock says, whatever digest it gives itself. */
export function digestOf({ instructions, tools, resources, prompts }: ToolsLock): string {
  return digest({ instructions, tools, resources, prompts });
}

/**
 * Adds tools that an operator's configuration makes. Their words are the operator's own, so whoever
 * wrote the configuration has reviewed them; the digest covers them as well.
 */
export function withConfigured<Context>(
  lock: ToolsLock,
  tools: readonly Tool<Context>[],
): ToolsLock {
  if (tools.length === 0) return lock;
  const whole = { ...lock, tools: [...lock.tools, ...tools.map(listedTool)] };
  return { ...whole, digest: digestOf(whole) };
}

function listedTool<Context>(tool: Tool<Context>): ListedTool {
  const { name, title, description, annotations } = tool;
  return {
    name,
    title,
    description,
    inputSchema: { ...tool.input.json('input'), type: 'object' },
    outputSchema: { ...tool.listedOutput.json('output'), type: 'object' },
    annotations: { ...annotations },
  };
}

function listedTemplate<Context>(resource: Resource<Context>): ListedTemplate {
  const { name, title, description, uriTemplate } = resource;
  return { name, title, description, uriTemplate };
}

function listedPrompt<Context>(prompt: Prompt<Context>): ListedPrompt {
  const { name, title, description } = prompt;
  const listed = prompt.arguments.map((argument) => ({
    name: argument.name,
    description: argument.description,
    required: argument.required,
  }));
  return { name, title, description, arguments: listed };
}

/**
 * Names what a server has and its lock lacks, or the other way round; `undefined` when they fit.
 *
 * Only names are compared here, because a client waits for it; that the texts agree is what the
 * contract test and `inspect` compare.
 */
export function unlocked<Context>(
  lock: ToolsLock,
  { tools, resources, prompts }: Omit<Surface<Context>, 'instructions'>,
): string | undefined {
  return (
    differing(lock.tools, tools) ??
    differing(lock.resources, resources) ??
    differing(lock.prompts, prompts)
  );
}

interface Named {
  readonly name: string;
}

function differing(locked: readonly Named[], actual: readonly Named[]): string | undefined {
  const [left, right] = [new Set(locked.map(nameOf)), new Set(actual.map(nameOf))];
  return [...left.symmetricDifference(right)][0];
}

function nameOf({ name }: Named): string {
  return name;
}
