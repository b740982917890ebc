import type { Policy, PolicyEntry } from './policy.ts';
import type { Principal } from './principal.ts';

/** What a policy leaves a caller, within what scopes and options allow. */
export interface Grant {
  allowsTool(name: string): boolean;
  allowsResource(name: string): boolean;
  allowsPrompt(name: string): boolean;
  /** The entry that decided; absent when no policy is in force. Servers read their own section from it. */
  readonly entry: PolicyEntry | undefined;
}

/** Everything that scopes and the operator's options allow: the grant where no policy is in force. */
const UNRESTRICTED: Grant = {
  allowsTool: () => true,
  allowsResource: () => true,
  allowsPrompt: () => true,
  entry: undefined,
};

/** Finds what a policy grants a caller. A policy without a matching entry grants nothing. */
export function grantFor(policy: Policy | undefined, principal: Principal): Grant {
  if (policy === undefined) return UNRESTRICTED;
  const entry = entryFor(policy, principal) ?? NOTHING;
  return {
    allowsTool: (name) => entry.tools.some((pattern) => patternCovers(pattern, name)),
    allowsResource: (name) => entry.resources.some((pattern) => patternCovers(pattern, name)),
    allowsPrompt: (name) => entry.prompts.some((pattern) => patternCovers(pattern, name)),
    entry,
  };
}

/** The entry that decides about a caller: the first that matches. */
export function entryFor(policy: Policy, principal: Principal): PolicyEntry | undefined {
  return policy.principals.find((candidate) => matches(candidate, principal));
}

/** An entry of its own rather than `undefined`, which means that no policy is in force. */
const NOTHING: PolicyEntry = {
  match: {},
  tools: [],
  resources: [],
  prompts: [],
  files: { roots: [] },
  postgres: { databases: [] },
};

function matches({ match }: PolicyEntry, principal: Principal): boolean {
  return (
    same(match.kind, principal.kind) &&
    same(match.id, principal.id) &&
    same(match.issuer, principal.issuer) &&
    same(match.subject, principal.subject) &&
    same(match.client, principal.client)
  );
}

/** A property that the entry does not name decides nothing; a caller without a named property never matches. */
function same(wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || wanted === actual;
}

/** True for the name itself, or for one that begins like a pattern with a star. */
export function patternCovers(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
