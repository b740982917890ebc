import { mayHoldSecrets, redactSecrets, showHidden, toVisible } from '@secure-mcp/validation';

import { refuse } from '../refusals.ts';
import type { SecretsMode } from './call.ts';

/** A value after the output policy, and what the policy did to it. */
export interface Shaped<Value> {
  readonly value: Value;
  readonly bytes: number;
  /** Secrets taken out. */
  readonly redacted: number;
  /** Hidden characters made visible. */
  readonly escaped: number;
}

export interface ShapeRules {
  readonly secrets: SecretsMode;
  /** Refuses a larger answer. */
  readonly bytesMax: number;
  /** True for fields whose text was made visible name by name; escaping it again would break it. */
  readonly isLabel?: (field: string) => boolean;
}

/** What a number, a comma and a pair of brackets cost, roughly, in JSON. */
const NODE_BYTES = 8;

/**
 * The output policy: every string that leaves, wherever it stands in the answer, passes here once.
 *
 * A tool cannot forget it and cannot go round it, because the answer's text is rendered from the
 * value that this returns. Texts change, the form does not, so the value keeps its type.
 */
export function shapeOutput<Value>(output: Value, rules: ShapeRules): Shaped<Value>;
export function shapeOutput(
  output: unknown,
  { secrets, bytesMax, isLabel = () => false }: ShapeRules,
): Shaped<unknown> {
  // One search through everything settles most answers; only the others are searched text by text.
  const isClean = secrets === 'allow' || !mayHoldSecrets(textsOf(output).join('\n'));
  let bytes = 0;
  let redacted = 0;
  let escaped = 0;

  const spend = (amount: number): void => {
    bytes += amount;
    if (bytes > bytesMax) refuse('limit.result');
  };

  const shapeText = (text: string, field: string): string => {
    const clean = isClean ? { text, rules: [] } : redactSecrets(text);
    if (clean.rules.length > 0 && secrets === 'block') {
      refuse('output.secret', { detail: clean.rules.join(', ') });
    }
    const visible = isLabel(field) ? showHidden(clean.text) : toVisible(clean.text);
    redacted += clean.rules.length;
    escaped += visible.escaped;
    spend(Buffer.byteLength(visible.text));
    return visible.text;
  };

  const shape = (value: unknown, field: string): unknown => {
    spend(NODE_BYTES);
    if (typeof value === 'string') return shapeText(value, field);
    if (Array.isArray(value)) return value.map((item) => shape(item, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      // A field's name is ours or, in a map, the data's: it passes like any other text.
      Object.entries(value).map(([name, member]) => [shapeText(name, ''), shape(member, name)]),
    );
  };

  return { value: shape(output, ''), bytes, redacted, escaped };
}

/** Every string of a value, wherever it stands. */
function textsOf(value: unknown): readonly string[] {
  const texts: string[] = [];
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'string') texts.push(next);
    else if (Array.isArray(next)) for (const item of next) pending.push(item);
    else if (typeof next === 'object' && next !== null)
      // Names and values: either can hold a text of the data.
      for (const [name, member] of Object.entries<unknown>({ ...next })) pending.push(name, member);
  }
  return texts;
}
