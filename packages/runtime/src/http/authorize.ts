import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { covers, type Scope } from '@secure-mcp/auth';
import * as z from 'zod';

import type { Application } from '../application.ts';
import type { Caller } from '../call/dispatch.ts';

/** What the front asks of an application before a request reaches the SDK. */
export interface Authorizer {
  /**
   * The scopes that a request needs, all at once; empty where it needs none, or where no scope would
   * help: what the policy closes is answered like what does not exist.
   */
  scopesNeeded(message: JSONRPCMessage, caller: Caller): readonly Scope[];
  /** True when a caller may be told of changes of a resource. */
  mayWatch(uri: string, caller: Caller): boolean;
}

/** One thing that a request names, and what using it takes. */
interface Named {
  readonly scope: Scope;
  readonly allowed: boolean;
}

/** The members by which requests name things. What is not there names nothing, and the SDK refuses it. */
const NAMES = z.looseObject({
  name: z.string().catch(''),
  uri: z.string().catch(''),
  ref: z
    .looseObject({ uri: z.string().optional(), name: z.string().optional() })
    .catch({ uri: undefined, name: undefined }),
});
type Names = z.output<typeof NAMES>;

/** Says what the requests of our servers need. */
export function createAuthorizer<Context>(
  app: Pick<Application<Context>, 'tools' | 'resources' | 'prompts'>,
): Authorizer {
  const tools = new Map(app.tools.map((tool) => [tool.name, tool]));
  const prompts = new Map(app.prompts.map((prompt) => [prompt.name, prompt]));
  const templates = new Map(app.resources.map((family) => [family.uriTemplate, family]));

  const tool = (name: string, { grant }: Caller): Named | undefined => {
    const found = tools.get(name);
    return found && { scope: found.scope, allowed: grant.allowsTool(name) };
  };
  const prompt = (name: string, { grant }: Caller): Named | undefined => {
    const found = prompts.get(name);
    return found && { scope: found.scope, allowed: grant.allowsPrompt(name) };
  };
  const resource = (uri: string, { grant }: Caller): Named | undefined => {
    const found =
      templates.get(uri) ??
      app.resources.find(
        ({ scheme, matches }) => uri.startsWith(scheme) && matches?.(uri) !== false,
      );
    return found && { scope: found.scope, allowed: grant.allowsResource(found.name) };
  };

  /** What a request names, by its method. Listings name nothing: they are filtered instead. */
  const named = (method: string, { name, uri, ref }: Names, caller: Caller): Named | undefined => {
    if (method === 'tools/call') return tool(name, caller);
    if (method === 'prompts/get') return prompt(name, caller);
    if (method === 'resources/read') return resource(uri, caller);
    if (method !== 'completion/complete') return undefined;
    return ref.uri === undefined ? prompt(ref.name ?? '', caller) : resource(ref.uri, caller);
  };

  return {
    scopesNeeded(message, caller) {
      if (!('method' in message)) return [];
      const found = named(message.method, NAMES.parse(message.params ?? {}), caller);
      return found?.allowed === true ? [found.scope] : [];
    },
    mayWatch(uri, caller) {
      const found = resource(uri, caller);
      return found?.allowed === true && covers(caller.principal.scopes, found.scope);
    },
  };
}
