import { parseArgs } from 'node:util';

import { ConfigurationProblem } from '../config/problem.ts';

/** The arguments of one `keys` command. */
export interface KeysFlags {
  readonly positionals: readonly string[];
  /** The value of a flag, without its dashes; undefined where it was not given. */
  value(name: string): string | undefined;
  /** The value of a flag without which there is nothing to do. */
  required(name: string): string;
  /** A whole number from `min` to `max`; undefined where the flag was not given. */
  integer(name: string, min: number, max: number): number | undefined;
}

/** Reads arguments of which only these flags are known, each with a value and once. */
export function readKeysFlags(args: readonly string[], names: readonly string[]): KeysFlags {
  const options = Object.fromEntries(
    names.map((name): [string, { type: 'string' }] => [name, { type: 'string' }]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values = new Map<string, string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!names.includes(name)) throw new ConfigurationProblem(rawName, 'unknown option');
    if (values.has(name)) throw new ConfigurationProblem(rawName, 'given twice');
    if (value === undefined || value === '' || value.startsWith('--'))
      throw new ConfigurationProblem(rawName, 'needs a value');
    values.set(name, value);
  }
  return { positionals, ...readersOf(values) };
}

function readersOf(values: ReadonlyMap<string, string>): Omit<KeysFlags, 'positionals'> {
  return {
    value: (name) => values.get(name),
    required(name) {
      const value = values.get(name);
      if (value === undefined) throw new ConfigurationProblem(`--${name}`, 'is missing');
      return value;
    },
    integer(name, min, max) {
      const text = values.get(name);
      if (text === undefined) return undefined;
      const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
      if (number >= min && number <= max) return number;
      const range = `from ${String(min)} to ${String(max)}`;
      throw new ConfigurationProblem(`--${name}`, `must be a whole number ${range}`);
    },
  };
}
