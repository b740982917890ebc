import { type Policy, patternCovers } from '@secure-mcp/auth';

interface Named {
  readonly name: string;
}

/** What a server has, by name. */
interface Surface {
  readonly tools: readonly Named[];
  readonly resources: readonly Named[];
  readonly prompts: readonly Named[];
}

/** What a policy says of things that the server does not have: a mistyped grant grants nothing. */
export function policyWarnings(
  policy: Policy | undefined,
  { tools, resources, prompts }: Surface,
): readonly string[] {
  if (policy === undefined) return [];
  if (policy.principals.length === 0) return ['the policy names nobody, so nobody may do anything'];
  const unknown = (patterns: readonly string[], named: readonly Named[]): readonly string[] =>
    patterns.filter((pattern) => !named.some(({ name }) => patternCovers(pattern, name)));
  return policy.principals.flatMap((entry, index) => [
    ...unknown(entry.tools, tools).map((pattern) => warning(index, `no tool is called ${pattern}`)),
    ...unknown(entry.resources, resources).map((pattern) =>
      warning(index, `no resource is called ${pattern}`),
    ),
    ...unknown(entry.prompts, prompts).map((pattern) =>
      warning(index, `no prompt is called ${pattern}`),
    ),
  ]);
}

function warning(index: number, text: string): string {
  return `the policy’s principals.${String(index)}: ${text}`;
}
