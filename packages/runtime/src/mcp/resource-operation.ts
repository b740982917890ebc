import { covers } from '@secure-mcp/auth';
import type { AuditedOutput } from '@secure-mcp/logging';

import type { Call } from '../call/call.ts';
import type { Caller, Operation, Rights } from '../call/dispatch.ts';
import { shapeOutput } from '../call/shape.ts';
import type { ListedResource, Resource, ResourceContent } from '../resource.ts';
import { whyBarred } from './barred.ts';

/** Values for one completion at most (the protocol's own ceiling). */
const COMPLETIONS_MAX = 100;

/** True when scope and policy let a caller read a family of resources. */
export function mayRead<Context>(
  resource: Resource<Context>,
  { principal, grant }: Rights,
): boolean {
  return covers(principal.scopes, resource.scope) && grant.allowsResource(resource.name);
}

interface ResourceOperationParts<Context> {
  readonly resource: Resource<Context> | undefined;
  readonly contextOf: (call: Call) => Context;
}

/** A `resources/read` as an operation. */
export function readOperation<Context>(
  { resource, contextOf }: ResourceOperationParts<Context>,
  uri: string,
): Operation<string, readonly ResourceContent[], readonly ResourceContent[]> {
  return {
    event: 'resource.read',
    unknown: 'resource.unknown',
    barred: (caller) => whyBarred('resource', resource, caller, mayRead),
    parse: () => uri,
    run: async (text, call) => resource?.read(text, contextOf(call)) ?? [],
    shape: (contents, caller, hidden) =>
      shaped(contents, caller, (field) => field === 'label', hidden),
  };
}

/** A `resources/list` as an operation: what stands at the top of every family that the caller may read. */
export function listOperation<Context>(
  resources: readonly Resource<Context>[],
  contextOf: (call: Call) => Context,
  readable: (resource: Resource<Context>) => boolean,
): Operation<undefined, readonly ListedResource[], readonly ListedResource[]> {
  return {
    event: 'resource.list',
    unknown: 'resource.unknown',
    barred: () => undefined,
    parse: () => undefined,
    async run(_nothing, call) {
      const context = contextOf(call);
      const lists = resources.filter(readable).map(async (resource) => resource.list(context));
      return (await Promise.all(lists)).flat();
    },
    shape: (listed, caller) => shaped(listed, caller, () => false),
  };
}

export interface CompletionRequest {
  readonly variable: string;
  readonly value: string;
  readonly known: Readonly<Record<string, string>>;
}

/** A `completion/complete` for a resource template as an operation. */
export function completeOperation<Context>(
  { resource, contextOf }: ResourceOperationParts<Context>,
  { variable, value, known }: CompletionRequest,
): Operation<undefined, readonly string[], readonly string[]> {
  return {
    event: 'resource.complete',
    unknown: 'resource.unknown',
    barred: (caller) => whyBarred('resource', resource, caller, mayRead),
    parse: () => undefined,
    run: async (_nothing, call) => {
      return (await resource?.complete(variable, value, known, contextOf(call))) ?? [];
    },
    shape: shapedNames,
  };
}

/** Values of a completion: every one is a name that can be sent back as it is. */
export function shapedNames(values: readonly string[], caller: Caller): Shape<readonly string[]> {
  return shaped(values.slice(0, COMPLETIONS_MAX), caller, () => true);
}

interface Shape<Answer> {
  readonly answer: Answer;
  readonly output: AuditedOutput;
}

/** Resources need nothing but the output policy. */
function shaped<Answer>(
  result: Answer,
  { secrets, limits }: Caller,
  isLabel: (field: string) => boolean,
  hidden = 0,
): Shape<Answer> {
  const { value, ...output } = shapeOutput(result, {
    secrets,
    bytesMax: limits.resultBytes,
    isLabel,
  });
  return { answer: value, output: { ...output, redacted: output.redacted + hidden } };
}
