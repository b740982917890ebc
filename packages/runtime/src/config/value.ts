import type { Option } from './options.ts';

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

/** Reads one value as its option's kind says. What does not fit stays text, and the schema names it. */
export function valueFromText({ kind }: Option, text: string): unknown {
  if (kind === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (kind === 'switch') return SWITCH.get(text) ?? text;
  return text;
}
