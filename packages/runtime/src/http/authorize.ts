import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { covers, type Scope } from '@secure-mcp/auth';

import type { Application } from '../application.ts';
import type { Caller } from '../call/dispatch.ts';
import type { Resource } from '../resource.ts';

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

type Members = Readonly<Record<string, unknown>>;

/** A member that names something. What is no text names nothing, and the SDK refuses it. */
function textOf(members: Members, member: 'name' | 'uri'): string {
  const value = members[member];
  return typeof value === 'string' ? value : '';
}

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
  const familyOf = (uri: string): Resource<Context> | undefined =>
    app.resources.find(({ scheme, matches }) => uri.startsWith(scheme) && matches?.(uri) !== false);
  const resource = (uri: string, { grant }: Caller): Named | undefined => {
    const found = templates.get(uri) ?? familyOf(uri);
    return found && { scope: found.scope, allowed: grant.allowsResource(found.name) };
  };

  /** What a request names, by its method. Listings name nothing: they are filtered instead. */
  const named = (method: string, params: Members, caller: Caller): Named | undefined => {
    if (method === 'tools/call') return tool(textOf(params, 'name'), caller);
    if (method === 'prompts/get') return prompt(textOf(params, 'name'), caller);
    if (method === 'resources/read') return resource(textOf(params, 'uri'), caller);
    if (method !== 'completion/complete') return undefined;
    const ref: Members = { ...(typeof params['ref'] === 'object' ? params['ref'] : {}) };
    return typeof ref['uri'] === 'string'
      ? resource(ref['uri'], caller)
      : prompt(textOf(ref, 'name'), caller);
  };

  return {
    scopesNeeded(message, caller) {
      if (!('method' in message)) return [];
      const found = named(message.method, message.params ?? {}, caller);
      return found?.allowed === true ? [found.scope] : [];
    },
    mayWatch(uri, { principal, grant }) {
      const found = familyOf(uri);
      if (found === undefined || !grant.allowsResource(found.name)) return false;
      return covers(principal.scopes, found.scope) && found.mayWatch?.(uri, grant) === true;
    },
  };
}
