/** A right on a kind of thing, written `<noun>:<verb>`. */
export type Scope = `${string}:${string}`;

/** Which verbs a verb brings with it. Nothing else implies anything. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  write: ['read'],
};

/**
 * True when the granted scopes include what is needed, by name or by implication.
 *
 * The MCP specification requires servers to account for scope hierarchies; the SDK compares strings.
 */
export function covers(granted: ReadonlySet<string>, needed: Scope): boolean {
  if (granted.has(needed)) return true;
  const [noun, verb] = splitScope(needed);
  return Object.entries(IMPLIED).some(
    ([stronger, brings]) => brings.includes(verb) && granted.has(`${noun}:${stronger}`),
  );
}

function splitScope(scope: Scope): readonly [noun: string, verb: string] {
  const colon = scope.lastIndexOf(':');
  return [scope.slice(0, colon), scope.slice(colon + 1)];
}
