import type { JsonSchema } from '@secure-mcp/validation';

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

export interface Surface<Context> {
  readonly instructions: string;
  readonly tools: readonly Tool<Context>[];
  readonly resources: readonly Resource<Context>[];
}

/** Makes the lock of a server from its source. */
export function lockSurface<Context>({
  instructions,
  tools,
  resources,
}: Surface<Context>): ToolsLock {
  const told = {
    instructions,
    tools: tools.map(listedTool),
    resources: resources.map(listedTemplate),
  };
  return { digest: digest(told), ...told };
}

/** The digest of what a lock says, whatever digest it gives itself. */
export function digestOf({ instructions, tools, resources }: ToolsLock): string {
  return digest({ instructions, tools, resources });
}

function listedTool<Context>(tool: Tool<Context>): ListedTool {
  const { name, title, description, annotations } = tool;
  return {
    name,
    title,
    description,
    inputSchema: { ...tool.input.json('input'), type: 'object' },
    outputSchema: { ...tool.output.json('output'), type: 'object' },
    annotations: { ...annotations },
  };
}

function listedTemplate<Context>(resource: Resource<Context>): ListedTemplate {
  const { name, title, description, uriTemplate } = resource;
  return { name, title, description, uriTemplate };
}

/**
 * Names what a server has and its lock lacks, or the other way round; `undefined` when they fit.
 *
 * Only names are compared here, because a client waits for it; that the texts agree is what the
 * contract test and `inspect` compare.
 */
export function unlocked<Context>(
  lock: ToolsLock,
  { tools, resources }: Pick<Surface<Context>, 'tools' | 'resources'>,
): string | undefined {
  return differing(lock.tools, tools) ?? differing(lock.resources, resources);
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
