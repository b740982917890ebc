import type { Rights } from '../call/dispatch.ts';
import { digest } from '../mcp/digest.ts';
import {
  digestOf,
  lockSurface,
  type Surface,
  type ToolsLock,
  withConfigured,
} from '../mcp/lock.ts';
import { mayPrompt } from '../mcp/prompt-operation.ts';
import { mayRead } from '../mcp/resource-operation.ts';
import { mayUse } from '../mcp/tool-operation.ts';
import type { Tool } from '../tool.ts';

export interface InspectParts<Context> extends Surface<Context> {
  readonly name: string;
  readonly version: string;
  readonly lock: ToolsLock;
  /** Tools that the operator's configuration makes. */
  readonly configured: readonly Tool<Context>[];
  /** Whose view is shown; without anybody's, all that the server has. */
  readonly rights: Rights | undefined;
}

/** What a server exposes, for a reviewer or a gateway that pins digests. */
export interface Inspection {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** False when the lock, its digest and the sources do not agree. */
  readonly reviewed: boolean;
  readonly instructions: string;
  readonly tools: readonly Scoped<ToolsLock['tools'][number]>[];
  readonly resources: readonly Scoped<ToolsLock['resources'][number]>[];
  readonly prompts: readonly Scoped<ToolsLock['prompts'][number]>[];
}

/** A part with what it takes to use it, and a digest to pin. */
type Scoped<Part> = Part & { readonly scope: string; readonly digest: string };

export function inspection<Context>({
  name,
  version,
  lock: locked,
  configured,
  rights,
  ...surface
}: InspectParts<Context>): Inspection {
  // What is served is the lock, so the lock is shown and digested. That it agrees with its own digest
  // and with the sources is what makes it the reviewed one.
  const reviewed =
    digestOf(locked) === locked.digest && locked.digest === lockSurface(surface).digest;
  const lock = withConfigured(locked, configured);
  const all = [...surface.tools, ...configured];
  const tools = all.filter((tool) => rights === undefined || mayUse(tool, rights));
  const resources = surface.resources.filter(
    (resource) => rights === undefined || mayRead(resource, rights),
  );
  const prompts = surface.prompts.filter(
    (prompt) => rights === undefined || mayPrompt(prompt, rights),
  );
  return {
    name,
    version,
    digest: digestOf(lock),
    reviewed,
    instructions: lock.instructions,
    tools: shown(lock.tools, tools),
    resources: shown(lock.resources, resources),
    prompts: shown(lock.prompts, prompts),
  };
}

/** What the lock says of the parts that may be used. */
function shown<Part extends { readonly name: string }>(
  locked: readonly Part[],
  usable: readonly { readonly name: string; readonly scope: string }[],
): readonly Scoped<Part>[] {
  const scopes = new Map(usable.map(({ name, scope }) => [name, scope]));
  return locked.flatMap((part) => {
    const scope = scopes.get(part.name);
    return scope === undefined ? [] : [{ ...part, scope, digest: digest(part) }];
  });
}

/** The same as a table for people. */
export function inspectionText({ name, version, reviewed, ...parts }: Inspection): string {
  const rows = [
    ['NAME', 'SCOPE', 'SHA-256'],
    ...parts.tools.map((tool) => [tool.name, tool.scope, tool.digest]),
    ...parts.resources.map((resource) => [resource.uriTemplate, resource.scope, resource.digest]),
    ...parts.prompts.map((prompt) => [prompt.name, prompt.scope, prompt.digest]),
  ];
  const widths = [0, 1].map(
    (column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2,
  );
  const table = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(''),
  );
  return [
    `${name} ${version}`,
    '',
    ...table,
    '',
    `all: ${parts.digest}`,
    reviewed ? 'as reviewed in tools.lock.json' : 'NOT as reviewed in tools.lock.json',
    '',
  ].join('\n');
}
