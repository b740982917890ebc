import type { Rights } from '../call/dispatch.ts';
import { digest } from '../mcp/digest.ts';
import { digestOf, lockSurface, type Surface, type ToolsLock } from '../mcp/lock.ts';
import { mayRead } from '../mcp/resource-operation.ts';
import { mayUse } from '../mcp/tool-operation.ts';

export interface InspectParts<Context> extends Surface<Context> {
  readonly name: string;
  readonly version: string;
  readonly lock: ToolsLock;
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
  readonly tools: readonly (ToolsLock['tools'][number] & { scope: string; digest: string })[];
  readonly resources: readonly (ToolsLock['resources'][number] & {
    scope: string;
    digest: string;
  })[];
}

export function inspection<Context>({
  name,
  version,
  lock,
  rights,
  ...surface
}: InspectParts<Context>): Inspection {
  // What is served is the lock, so the lock is shown and digested. That it agrees with its own digest
  // and with the sources is what makes it the reviewed one.
  const actual = digestOf(lock);
  const reviewed = actual === lock.digest && actual === lockSurface(surface).digest;
  const tools = surface.tools.filter((tool) => rights === undefined || mayUse(tool, rights));
  const resources = surface.resources.filter(
    (resource) => rights === undefined || mayRead(resource, rights),
  );
  const scopes = new Map([...tools, ...resources].map(({ name: part, scope }) => [part, scope]));
  const isShown = (part: { readonly name: string }): boolean => scopes.has(part.name);
  const scoped = <Part extends { readonly name: string }>(part: Part) => ({
    ...part,
    scope: scopes.get(part.name) ?? '',
    digest: digest(part),
  });
  return {
    name,
    version,
    digest: actual,
    reviewed,
    instructions: lock.instructions,
    tools: lock.tools.filter(isShown).map(scoped),
    resources: lock.resources.filter(isShown).map(scoped),
  };
}

/** The same as a table for people. */
export function inspectionText({ name, version, reviewed, ...parts }: Inspection): string {
  const rows = [
    ['NAME', 'SCOPE', 'SHA-256'],
    ...parts.tools.map((tool) => [tool.name, tool.scope, tool.digest]),
    ...parts.resources.map((resource) => [resource.uriTemplate, resource.scope, resource.digest]),
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
